// Package process is a Launcher of real OS processes: every node of the
// network is the grapevine binary with a data directory, ports and wallet of
// its own, exactly as somebody would start it by hand.
//
// What a node was told stands in its grapevine.conf, what it says in its
// node.log, and which nodes there are in the network's net.json, so that another
// terminal can look, kill and start. Who runs is told by a lock that each node
// holds in its data directory (Lock): by no number that could be another
// program's by now. A network may be copied and moved: its file names nothing
// outside its own folder, and nothing outside is ever removed. Children end when
// this process ends, however that happens, unless the network is detached.
//
// It owns the processes and these files. It never looks into a node's
// database and never decides what a node does.
//
// Start reading at Net, then at launch.
package process
