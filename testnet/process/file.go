package process

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"grapevine/db"
	"grapevine/testnet"
)

const (
	// maxNetFile is in bytes: more than net.json has for the most nodes and all links between them.
	maxNetFile = 64 << 20

	fileName = "net.json"
	editName = "net.lock" // held for the time of one small write
	busyName = "busy.lock"
)

// LinksFile in a node's data directory says how its links are shaped.
const LinksFile = "links.json"

// stored is what net.json says. A node's folder lies beside it, so that the
// network may be moved and copied; who runs is told by the folders' locks.
type stored struct {
	Network string         `json:"network"`
	Nodes   []entry        `json:"nodes"`
	Ahead   int64          `json:"clock_ahead,omitempty"`
	Links   []testnet.Link `json:"links,omitempty"`
	Apart   *testnet.Apart `json:"apart,omitempty"`
}

type entry struct {
	Node     int    `json:"node"`
	DataDir  string `json:"datadir"` // relative to the file: always node and the number
	P2P      string `json:"p2p"`
	RPC      string `json:"rpc"`
	User     string `json:"user"`
	Password string `json:"password"`
	AddNode  string `json:"addnode,omitempty"`
	testnet.Spec
}

// What the newest command printed that a page has begun and in whose course the page's node may
// have ended: files of the network's directory, where the page of any of its nodes finds them.
const (
	BegunOut = "page-command.out"
	BegunErr = "page-command.err"
)

// folder is the name of a node's data directory.
func folder(node int) string { return folderPrefix + strconv.Itoa(node) }

const folderPrefix = "node"

// ReadFile reads DIR/net.json and says which of its nodes run.
func ReadFile(dir string) (testnet.File, error) {
	f, err := ReadNames(dir)
	for i := range f.Nodes {
		look(&f.Nodes[i])
	}
	return f, err
}

// look sees whether a node runs, and where.
func look(m *testnet.Member) {
	if !isOwn(m.DataDir) {
		return
	}
	now := Running(m.DataDir)
	if m.PID = now.PID; now.RPC != "" {
		m.RPC = "http://" + now.RPC
	}
}

// ReadNames reads DIR/net.json as it stands there: it looks at no node, of which there may be many.
func ReadNames(dir string) (testnet.File, error) {
	raw, err := db.ReadFile(filepath.Join(dir, fileName), maxNetFile)
	if errors.Is(err, fs.ErrNotExist) {
		return testnet.File{}, fmt.Errorf("%w: %s has no %s", testnet.ErrNoNet, dir, fileName)
	}
	if err != nil {
		return testnet.File{}, err
	}
	var s stored
	if err := json.Unmarshal(raw, &s); err != nil {
		return testnet.File{}, fmt.Errorf("%s: %w: %w", filepath.Join(dir, fileName), testnet.ErrDamaged, err)
	}
	f := testnet.File{Network: s.Network, Ahead: s.Ahead, Links: s.Links, Apart: s.Apart}
	for _, e := range s.Nodes {
		// Versions before this one wrote whole paths. Wherever such a file stands
		// now, the node's folder is beside it.
		if e.Node < 0 || lastElement(e.DataDir) != folder(e.Node) {
			return testnet.File{}, fmt.Errorf("%s: the data directory of node %d is %s beside that file, and not %s", filepath.Join(dir, fileName), e.Node, folder(e.Node), e.DataDir)
		}
		f.Nodes = append(f.Nodes, testnet.Member{Node: e.Node, DataDir: filepath.Join(dir, folder(e.Node)), P2P: e.P2P, RPC: e.RPC,
			User: e.User, Password: e.Password, AddNode: e.AddNode, Spec: e.Spec})
	}
	return f, nil
}

// isOwn is whether a node's folder, if it is there, is one of its network: a
// link to a folder elsewhere leads to another network's node.
func isOwn(dir string) bool {
	st, err := os.Lstat(dir)
	return err != nil || st.IsDir()
}

// lastElement of a path of this system or another.
func lastElement(path string) string {
	return path[strings.LastIndexAny(path, `/\`)+1:]
}

// writeFile writes net.json whole or not at all.
func writeFile(dir string, f testnet.File) error {
	raw, err := encode(f)
	if err != nil {
		return err
	}
	return replace(filepath.Join(dir, fileName), raw)
}

// encode is what net.json says.
func encode(f testnet.File) ([]byte, error) {
	s := stored{Network: f.Network, Nodes: []entry{}, Ahead: f.Ahead, Links: f.Links, Apart: f.Apart}
	for _, m := range f.Nodes {
		s.Nodes = append(s.Nodes, entry{Node: m.Node, DataDir: folder(m.Node), P2P: m.P2P, RPC: m.RPC,
			User: m.User, Password: m.Password, AddNode: m.AddNode, Spec: m.Spec})
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	return append(raw, '\n'), err
}

// Change edits what the network's file says of clocks, links and mining, also in the
// files of each node, so that a node that starts goes by it from its first moment.
func (n *Net) Change(edit func(*testnet.File) error) error {
	if err := n.change(edit); err != nil {
		return err
	}
	for _, m := range n.file.Nodes {
		if _, err := os.Stat(m.DataDir); errors.Is(err, fs.ErrNotExist) {
			continue // it has never been started
		}
		if err := n.writeConf(m); err != nil {
			return err
		}
	}
	return nil
}

// File is the network as it is now.
func (n *Net) File() testnet.File {
	n.Members()
	f := n.file
	f.Nodes, f.Links = slices.Clone(f.Nodes), slices.Clone(f.Links)
	return f
}

// replace writes a file whole or not at all, as a new one: a copy of the network
// may share the old one.
func replace(path string, text []byte) error {
	tmp := path + ".new"
	if err := discard(tmp); err != nil {
		return err
	}
	err := os.WriteFile(tmp, text, 0o600)
	if err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return errors.Join(err, discard(tmp)) // on a full disk it is there, and empty
	}
	return nil
}

// discard deletes a file that may be there.
func discard(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// change edits net.json while no other process does. Which nodes run is not looked at: that
// would be many times more work than the edit where there are many. A file that is as it
// should be stays.
func (n *Net) change(edit func(*testnet.File) error) error {
	lock, err := lockFile(filepath.Join(n.cfg.Dir, editName), true, after(editPatience))
	if err != nil {
		return err
	}
	defer lock.Close()
	var before []byte
	if f, err := ReadNames(n.cfg.Dir); err == nil {
		n.file = f
		if before, err = encode(f); err != nil {
			return err
		}
	}
	if err := edit(&n.file); err != nil {
		return err
	}
	raw, err := encode(n.file)
	if err != nil || bytes.Equal(raw, before) {
		return err
	}
	return replace(filepath.Join(n.cfg.Dir, fileName), raw)
}

// editPatience is far more than small writes take.
const editPatience = time.Minute

// absentFiles are those files of a network that are not there before it begins.
func absentFiles(dir string) (names []string) {
	for _, name := range []string{fileName, fileName + ".new", editName, busyName} {
		if _, err := os.Lstat(filepath.Join(dir, name)); errors.Is(err, fs.ErrNotExist) {
			names = append(names, name)
		}
	}
	return names
}

// Unmake takes away what the function Reserve has made of a network that has no nodes, and
// nothing else: what lies beside was there before us. A network that it found stays.
func (n *Net) Unmake() error {
	root, err := os.OpenRoot(n.cfg.Dir) // no name leads out of it, by no link
	if err != nil {
		return err
	}
	defer root.Close()
	for _, name := range n.made {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Wipe deletes the nodes' directories and net.json, and nothing outside the
// network's own. The nodes must be down.
func (n *Net) Wipe() error {
	root, err := os.OpenRoot(n.cfg.Dir) // no name leads out of it, by no link
	if err != nil {
		return err
	}
	defer root.Close()
	for _, m := range n.Members() {
		if m.PID != 0 {
			return fmt.Errorf("node %d %w", m.Node, testnet.ErrUp)
		}
		if err := root.RemoveAll(folder(m.Node)); err != nil {
			return err
		}
	}
	if err := n.wipeSnapshots(root); err != nil {
		return err
	}
	for _, name := range []string{restoreNew, restoreReady, restoreOld} {
		if err := root.RemoveAll(name); err != nil {
			return err
		}
	}
	for _, name := range []string{fileName, fileName + ".new", BegunOut, BegunErr, editName, busyName} {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	n.file.Nodes = nil
	return nil
}
