package service

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"grapevine/chain"
)

// changes are what a file does not hold yet, as bytes.
type changes struct {
	Keys   []byte                // nil: not changed
	Cursor []byte                // where the wallet stands
	Reread []byte                // what it has to read once more
	Txs    map[chain.Hash][]byte // nil bytes: deleted
	Labels map[string]string     // by script
	// Scripts of all rows by place, so that a start need not derive them again.
	Scripts map[uint64]string

	dirt dirt
}

// placeOf is the key under which a script is kept: row and index.
func placeOf(row int, index int) uint64 { return uint64(row)<<32 | uint64(index) }

// dirt names what the file does not hold yet.
type dirt struct {
	records map[chain.Hash]struct{} // to be written, or deleted when the state has them no more
	labels  map[string]struct{}     // scripts
	keys    bool                    // next
	cursor  bool
	written counts // in changes: how many scripts of each row the file held before
}

func newDirt() dirt {
	return dirt{records: map[chain.Hash]struct{}{}, labels: map[string]struct{}{}}
}

// savedKeys is all that makes a wallet: the rest can be read from the chain again.
type savedKeys struct {
	Network string  `json:"network"`
	Name    string  `json:"name,omitempty"` // what clients call the wallet
	Words   string  `json:"words"`
	Seed    []byte  `json:"seed"`              // BIP39's, so that its passphrase need not be kept
	Next    counts  `json:"next"`              // by wallet.Branches; of the kinds that are not there none was handed out
	Birth   int32   `json:"birth"`             // height of the block that the wallet was made at
	Scanned *counts `json:"scanned,omitempty"` // nil: a file of a time when fewer scripts were watched

	Imports   []savedImport `json:"imports,omitempty"`
	WatchOnly bool          `json:"watch_only,omitempty"`
}

// savedReread is a reading of old blocks that is under way.
type savedReread struct {
	Next int32  `json:"next"`
	Goal counts `json:"goal"`
}

type savedBlock struct {
	Height int32  `json:"height"`
	Hash   string `json:"hash"`
}

// loadState makes the state from what changes once held. atHeight is the active
// chain's header at a height, nil above its tip: the state goes back to the last
// block that is on it.
func loadState(c changes, set settings, atHeight func(int32) *chain.HeaderNode) (*state, error) {
	var k savedKeys
	if err := json.Unmarshal(c.Keys, &k); err != nil {
		return nil, fmt.Errorf("read wallet keys: %w", err)
	}
	if k.Network != set.params.Name {
		return nil, fmt.Errorf("the wallet is of network %s, not %s", k.Network, set.params.Name)
	}
	st, err := blank(k.Seed, k.Words, set)
	if err != nil {
		return nil, err
	}
	st.name, st.next, st.watchOnly = k.Name, k.Next, k.WatchOnly
	if err := st.loadImports(k.Imports); err != nil {
		return nil, err
	}
	for row := range st.rows {
		for i := 0; c.Scripts[placeOf(row, i)] != ""; i++ {
			st.watch(row, c.Scripts[placeOf(row, i)])
		}
		st.written[row] = uint32(len(st.rows[row]))
	}
	if err := st.loadReread(c.Reread, k); err != nil {
		return nil, err
	}
	for script, label := range c.Labels {
		if own := st.scripts[script]; own != nil {
			own.label = label
		}
	}
	for id, raw := range c.Txs {
		if err := st.loadTx(id, raw); err != nil {
			return nil, fmt.Errorf("wallet transaction %s: %w", id, err)
		}
	}
	slices.SortFunc(st.list, func(x, y *record) int { return cmp.Compare(x.order, y.order) })
	st.dirt = newDirt()
	st.dirt.keys = k.Scanned == nil
	return st, st.loadCursor(c.Cursor, atHeight)
}

// loadReread makes the scripts that the file lacks, and says what to do about them.
func (st *state) loadReread(raw []byte, k savedKeys) error {
	r := &st.reread
	had := st.lens()
	*r = reread{birth: k.Birth, next: nowhere, scanned: had}
	if err := st.derive(); err != nil {
		return err
	}
	if k.Scanned != nil {
		r.scanned = *k.Scanned
	}
	if k.Scanned == nil || st.lens() != had { // nobody has looked for the new scripts yet
		st.searchSinceBirth()
		return nil
	}
	if raw == nil {
		return nil
	}
	var saved savedReread
	if err := json.Unmarshal(raw, &saved); err != nil {
		return fmt.Errorf("read what the wallet has to read again: %w", err)
	}
	r.next, r.goal = saved.Next, saved.Goal
	return nil
}

func (st *state) loadTx(id chain.Hash, raw []byte) error {
	s, err := decodeStored(raw)
	if err != nil {
		return err
	}
	tx, err := chain.DecodeTx(s.raw)
	if err != nil {
		return err
	}
	if tx.ID != id {
		return fmt.Errorf("%w: it is %s", errStored, tx.ID)
	}
	r := newRecord(tx, s)
	st.link(r)
	r.toldPool, r.toldBlock = true, r.height != nowhere
	if r.coinbase && r.abandoned {
		st.orphans = append(st.orphans, r)
	}
	st.order = max(st.order, r.order+1)
	return st.credit(tx, r)
}

func (st *state) loadCursor(raw []byte, atHeight func(int32) *chain.HeaderNode) error {
	var saved []savedBlock
	if err := json.Unmarshal(raw, &saved); err != nil {
		return fmt.Errorf("read where the wallet stands: %w", err)
	}
	for i, s := range saved {
		if n := atHeight(s.Height); n != nil && n.Hash.String() == s.Hash {
			if st.cursor = n; i > 0 {
				st.rollback(n)
			}
			return nil
		}
	}
	return errors.New("the wallet has followed another chain than this one, down to its first block")
}

// locate lists n and blocks before it: ten in a row, then at doubling distances.
func locate(n *chain.HeaderNode) []savedBlock {
	var list []savedBlock
	for step := int32(1); ; {
		list = append(list, savedBlock{n.Height, n.Hash.String()})
		if n.Height == 0 {
			return list
		}
		if len(list) > 10 {
			step *= 2
		}
		n = n.Ancestor(max(0, n.Height-step))
	}
}

// dirty says whether there are changes.
func (st *state) dirty() bool { return !st.dirt.clean() }

// learned is how many transactions changed since Take.
func (st *state) learned() int { return len(st.dirt.records) }

// take encodes what has changed and calls it saved; GiveBack takes that back.
func (st *state) take() (changes, error) {
	c := changes{dirt: st.dirt, Txs: map[chain.Hash][]byte{}, Labels: map[string]string{}, Scripts: map[uint64]string{}}
	c.dirt.written = st.written
	for row, list := range st.rows {
		for i := int(st.written[row]); i < len(list); i++ {
			c.Scripts[placeOf(row, i)] = list[i].script
		}
		st.written[row] = uint32(len(list))
	}
	for id := range st.dirt.records {
		c.Txs[id] = nil
		if r := st.txs[id]; r != nil {
			c.Txs[id] = appendStored(nil, r.stored)
		}
	}
	for s := range st.dirt.labels {
		c.Labels[s] = st.scripts[s].label
	}
	var err error
	if st.dirt.keys {
		if c.Keys, err = json.Marshal(savedKeys{st.params.Name, st.name, st.words, st.seed, st.next, st.reread.birth, &st.reread.scanned, st.savedImports(), st.watchOnly}); err != nil {
			return c, fmt.Errorf("encode wallet keys: %w", err)
		}
	}
	// Where the wallet stands goes with every write: what it knows and how far it has read agree.
	if c.Cursor, err = json.Marshal(locate(st.cursor)); err != nil {
		return c, fmt.Errorf("encode where the wallet stands: %w", err)
	}
	if c.Reread, err = json.Marshal(savedReread{st.reread.next, st.reread.goal}); err != nil {
		return c, fmt.Errorf("encode what the wallet has to read again: %w", err)
	}
	st.dirt = newDirt()
	return c, nil
}

// giveBack says that c could not be written.
func (st *state) giveBack(c changes) {
	maps.Copy(st.dirt.records, c.dirt.records)
	maps.Copy(st.dirt.labels, c.dirt.labels)
	st.dirt.keys = st.dirt.keys || c.dirt.keys
	st.dirt.cursor = true
	for row := range st.written {
		st.written[row] = min(st.written[row], c.dirt.written[row])
	}
}

func (d dirt) clean() bool {
	return len(d.records) == 0 && len(d.labels) == 0 && !d.keys && !d.cursor
}
