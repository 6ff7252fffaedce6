// Package connect is what one block does to the coin set: it spends and makes
// coins in an overlay and runs every rule that needs coins, and it checks a
// block's scripts on all cores.
//
// It reads coins through whoever calls it and writes nothing anywhere; it does
// not know which block is next.
//
// Start reading at Connector.Connect, then Job.
package connect
