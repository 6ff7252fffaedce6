package service

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// state is what one wallet knows, in memory. It is not safe for use by several
// goroutines at once.
type state struct {
	settings
	keys  *wallet.Keys // nil: it has imports only
	name  string       // what clients call the wallet
	words string
	seed  []byte

	imports   []*imported // descriptors that were brought along
	watchOnly bool        // no private key may be

	rows    [wallet.BranchCount][]*owned // scripts in order, by row of wallet.Branches
	next    counts                       // the first index of each row not handed out
	paid    counts                       // the first index of each row past all that were paid to
	written counts                       // how many scripts of each row the file holds
	scripts map[string]*owned            // every script in rows
	reach   uint32                       // how much of the lookahead is made by now; see fill

	txs      map[chain.Hash]*record
	outs     map[wire.OutPoint]output    // outputs that pay us, spent ones too
	spenders map[wire.OutPoint][]*record // wallet transactions by what they spend, foreign coins too
	list     []*record                   // the same as txs, in the order they came
	order    uint64                      // of the next record
	orphans  []*record                   // rewards that have just left the chain
	news     []*record                   // what the log is to hear of

	locked map[wire.OutPoint]struct{} // set aside by Lock
	held   map[wire.OutPoint]struct{} // by a transaction being made

	cursor *chain.HeaderNode // the block that the state stands at
	reread reread
	dirt   dirt
}

// owned is one of our scripts.
type owned struct {
	wallet.KeyPath
	script string
	label  string
	from   *imported // nil: its row's
}

// output is a coin that is or was ours.
type output struct {
	rec   *record
	value btcutil.Amount
	own   *owned
}

// settings are what the node says of all its wallets.
type settings struct {
	params    *chain.Params
	lookahead uint32 // scripts of each row past the last one handed out that are watched
}

// newState makes the state of a new wallet that stands at block at. Words are kept
// for people; the seed is what counts. Without one it has no keys.
func newState(seed []byte, words string, set settings, at *chain.HeaderNode) (*state, error) {
	st, err := blank(seed, words, set)
	if err != nil {
		return nil, err
	}
	st.cursor = at
	st.dirt.keys = true
	st.reread = reread{birth: at.Height, next: nowhere}
	if !st.keyless() {
		st.reach = min(firstReach, st.lookahead) // see fill
	}
	err = st.derive()
	st.reread.scanned = st.lens()
	return st, err
}

func blank(seed []byte, words string, set settings) (*state, error) {
	var keys *wallet.Keys
	if seed != nil {
		var err error
		if keys, err = wallet.NewKeys(seed, set.params); err != nil {
			return nil, err
		}
	}
	return &state{
		settings: set, keys: keys, words: words, seed: seed, reach: set.lookahead,
		scripts:  map[string]*owned{},
		txs:      map[chain.Hash]*record{},
		outs:     map[wire.OutPoint]output{},
		spenders: map[wire.OutPoint][]*record{},
		locked:   map[wire.OutPoint]struct{}{},
		held:     map[wire.OutPoint]struct{}{},
		dirt:     newDirt(),
	}, nil
}

// rename names a wallet that nobody has used yet. One that is in use keeps its
// name: who calls it so is not to find another's money, or none.
func (st *state) rename(name string) error {
	if name == st.name {
		return nil
	}
	if st.name != "" || !st.unused() {
		return wallet.ErrExists
	}
	st.name, st.dirt.keys = name, true
	return nil
}

// unused says that nobody has heard of an address of this wallet.
func (st *state) unused() bool {
	return len(st.txs) == 0 && st.next == counts{} && len(st.imports) == 0
}

// describeRows describes the rows of keys.
func (st *state) describeRows() (list []wallet.Row, err error) {
	if st.keyless() {
		return st.importRows(), nil
	}
	for i, branch := range wallet.Branches() {
		n := max(uint32(len(st.rows[i])), st.next[i]+st.lookahead) // a new wallet's are on their way
		list = append(list, wallet.Row{Branch: branch, Desc: st.keys.Descriptor(branch), Next: st.next[i], Len: n})
	}
	return append(list, st.importRows()...), nil
}

// derive makes scripts until each row reaches as far past next as it has to by now.
func (st *state) derive() error {
	if st.keyless() {
		return nil
	}
	for i := range st.rows {
		if err := st.grow(i, st.next[i]+st.reach); err != nil {
			return err
		}
	}
	return nil
}

// grow makes scripts of a row until there are n.
func (st *state) grow(row int, n uint32) error {
	have := uint32(len(st.rows[row]))
	if have >= n {
		return nil
	}
	scripts, err := st.keys.Scripts(wallet.Branches()[row], have, n-have)
	if err != nil {
		return fmt.Errorf("scripts of row %d: %w", row, err)
	}
	for _, s := range scripts {
		st.watch(row, string(s))
	}
	return nil
}

// watch adds the next script of a row to those that are ours.
func (st *state) watch(row int, script string) {
	path := wallet.KeyPath{Branch: wallet.Branches()[row], Index: uint32(len(st.rows[row]))}
	own := &owned{KeyPath: path, script: script}
	st.rows[row] = append(st.rows[row], own)
	st.scripts[script] = own
}

func rowOf(branch wallet.Branch) int {
	for i, b := range wallet.Branches() {
		if b == branch {
			return i
		}
	}
	return -1 // unreachable: Branches has every branch
}

// hand gives out the next script of a row and names it. Beyond says that so
// many before it were never paid to that a wallet restored from its words will
// not find it.
func (st *state) hand(branch wallet.Branch, label string) (script []byte, beyond bool, err error) {
	own, err := st.nextOwned(branch)
	if err != nil {
		return nil, false, err
	}
	if label != "" {
		st.label(own, label)
	}
	return []byte(own.script), st.beyond(own), st.usedOwned(own)
}

// usedOwned notes that a script of ours is known to somebody.
func (st *state) usedOwned(own *owned) error {
	if own.from != nil {
		return st.importPaid(own)
	}
	return st.used(own.KeyPath)
}

func (st *state) beyond(own *owned) bool {
	return own.from == nil && own.Index >= st.paid[rowOf(own.Branch)]+st.lookahead
}

// used notes that the key at p is known to somebody: it is not handed out any more.
func (st *state) used(p wallet.KeyPath) error {
	i := rowOf(p.Branch)
	if p.Index < st.next[i] {
		return nil
	}
	st.next[i] = p.Index + 1
	st.dirt.keys = true
	return st.derive()
}

// labelScript labels a script of ours; wallet.ErrNotOurs when it is not.
func (st *state) labelScript(script []byte, label string) error {
	own := st.scripts[string(script)]
	if own == nil {
		return wallet.ErrNotOurs
	}
	st.label(own, label)
	return nil
}

func (st *state) label(own *owned, label string) {
	own.label = label
	st.dirt.labels[own.script] = struct{}{}
}

// labels are the addresses handed out or paid to, change apart, by their label.
func (st *state) labels() (map[string][]string, error) {
	by := map[string][]string{}
	for _, im := range st.imports {
		for _, own := range im.owned {
			addr := wallet.AddressOf([]byte(own.script), st.params.Params)
			if addr != "" && !own.Change && (!im.Desc.Ranged() || own.Index < im.Next) {
				by[own.label] = append(by[own.label], addr)
			}
		}
	}
	for i, row := range st.rows {
		for _, own := range row[:min(int(st.next[i]), len(row))] {
			if !own.Change {
				by[own.label] = append(by[own.label], wallet.AddressOf([]byte(own.script), st.params.Params))
			}
		}
	}
	return by, nil
}

// whose says where a script stands in the key tree, if it is ours.
func (st *state) whose(script []byte) (o wallet.Owned, ours bool, err error) {
	own := st.scripts[string(script)]
	if own == nil {
		return o, false, nil
	}
	if own.from != nil {
		o, err = st.describeImported(own)
		return o, err == nil, err
	}
	o, err = st.keys.Owned(own.KeyPath)
	o.Label, o.Beyond = own.label, st.beyond(own)
	return o, err == nil, err
}
