package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"grapevine/chain"
	"grapevine/wallet"
)

// Changes are what a file does not hold yet, as bytes.
type Changes struct {
	Keys []byte // nil: not changed
	// Secrets are in clear; nil: not changed. Store seals them where it must.
	Secrets []byte
	// Master and Sealed are of an encrypted wallet, in place of Secrets; nil: not changed.
	Master, Sealed []byte
	Cursor         []byte                // where the wallet stands
	Reread         []byte                // what it has to read once more
	Locks          []byte                // coins set aside for good; nil: not changed
	Txs            map[chain.Hash][]byte // nil bytes: deleted
	Labels         map[string]string     // by script
	// Scripts of all rows by place, so that a start need not derive them again.
	Scripts map[uint64]string

	dirt dirt
}

// placeOf is the key under which a script of a row is kept. The index counts the
// scripts of a combo() one by one, from 0 on, wherever its range begins.
func (r *row) placeOf(n int) uint64 {
	index := uint64(r.Start) + uint64(n)/uint64(r.per)
	return uint64(n)%uint64(r.per)<<56 | uint64(r.id)<<32 | index
}

// dirt names what the file does not hold yet.
type dirt struct {
	records map[chain.Hash]struct{} // to be written, or deleted when the state has them no more
	labels  map[string]struct{}     // scripts
	keys    bool                    // rows
	secrets bool
	seal    bool // of an encrypted wallet
	cursor  bool
	locks   bool
	written map[*row]int // in changes: how many scripts of each row the file held before
}

func newDirt() dirt {
	return dirt{records: map[chain.Hash]struct{}{}, labels: map[string]struct{}{}, written: map[*row]int{}}
}

// savedKeys is what makes a wallet, but for its secrets: the rest can be read
// from the chain again.
type savedKeys struct {
	Network    string     `json:"network"`
	Name       string     `json:"name,omitempty"` // what clients call the wallet
	Birth      int32      `json:"birth"`          // height of the block that the wallet was made at
	WatchOnly  bool       `json:"watch_only,omitempty"`
	Blank      bool       `json:"blank,omitempty"`
	Rows       []savedRow `json:"rows"`
	AvoidReuse bool       `json:"avoid_reuse,omitempty"`
	Copies     []string   `json:"copies,omitempty"` // see NoteCopy
}

// savedReread is a reading of old blocks that is under way.
type savedReread struct {
	Next int32    `json:"next"`
	Goal []uint32 `json:"goal"` // of each row
}

type savedBlock struct {
	Height int32  `json:"height"`
	Hash   string `json:"hash"`
}

// Load makes the state from what changes once held. atHeight is the active
// chain's header at a height, nil above its tip: the state goes back to the last
// block that is on it.
func Load(c Changes, set Settings, atHeight func(int32) *chain.HeaderNode) (*State, error) {
	var k savedKeys
	if err := json.Unmarshal(c.Keys, &k); err != nil {
		return nil, fmt.Errorf("read wallet keys: %w", err)
	}
	if k.Network != set.Params.Name {
		return nil, fmt.Errorf("%w: it is of %s, not of %s", wallet.ErrNetwork, k.Network, set.Params.Name)
	}
	st := emptyState(set)
	st.Name, st.WatchOnly, st.Blank, st.AvoidReuse, st.copies = k.Name, k.WatchOnly, k.Blank, k.AvoidReuse, k.Copies
	st.reread = reread{birth: k.Birth, next: Nowhere}
	if c.Master != nil {
		st.seal = &Seal{master: c.Master, sealed: c.Sealed}
	}
	again := false
	if k.Rows == nil {
		var err error
		if again, err = st.loadFirst(c.Keys); err != nil {
			return nil, err
		}
	} else if err := st.loadRows(k.Rows, c.Secrets); err != nil {
		return nil, err
	}
	st.loadScripts(c.Scripts)
	if err := st.loadReread(c.Reread, again); err != nil {
		return nil, err
	}
	for script, label := range c.Labels {
		st.loadLabel(script, label)
	}
	for id, raw := range c.Txs {
		if err := st.loadTx(id, raw); err != nil {
			return nil, fmt.Errorf("wallet transaction %s: %w", id, err)
		}
	}
	slices.SortFunc(st.list, func(x, y *record) int { return cmp.Compare(x.order, y.order) })
	if err := st.loadLocks(c.Locks); err != nil {
		return nil, err
	}
	st.settled()
	st.dirt = newDirt()
	st.dirt.keys, st.dirt.secrets = k.Rows == nil, k.Rows == nil && st.secrets != nil
	return st, st.loadCursor(c.Cursor, atHeight)
}

// loadRows makes the rows; without secrets the wallet is locked, or has none.
func (st *State) loadRows(rows []savedRow, raw []byte) error {
	if raw != nil {
		var err error
		if st.secrets, err = decodeSecrets(raw); err != nil {
			return err
		}
	}
	for _, s := range rows {
		if _, err := st.addRow(s); err != nil {
			return err
		}
	}
	return nil
}

// loadScripts takes the scripts that the file holds.
func (st *State) loadScripts(scripts map[uint64]string) {
	for _, r := range st.rows {
		for script := scripts[r.placeOf(0)]; script != ""; script = scripts[r.placeOf(len(r.owned))] {
			st.watch(r, script)
		}
		r.owned = r.owned[:len(r.owned)/int(r.per)*int(r.per)]
		r.written = len(r.owned)
	}
}

// loadReread makes the scripts that the file lacks, and says what to do about
// them: again is whether blocks were never searched for all there are.
func (st *State) loadReread(raw []byte, again bool) error {
	for _, r := range st.rows {
		if err := st.grow(r, r.End); err != nil {
			return err
		}
	}
	if err := st.derive(); err != nil {
		return err
	}
	for _, r := range st.rows { // of what was handed out last, the next is made when it is wanted
		again = again || r.Words && len(r.owned) > r.written+1
	}
	if again { // nobody has looked for the new scripts yet
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
	st.reread.next = saved.Next
	for i, r := range st.rows[:min(len(st.rows), len(saved.Goal))] {
		r.goal = saved.Goal[i]
	}
	return nil
}

func (st *State) loadTx(id chain.Hash, raw []byte) error {
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
	r.toldPool, r.toldBlock = true, r.height != Nowhere
	if r.coinbase && r.abandoned {
		st.orphans = append(st.orphans, orphan{record: r, height: wallet.CoinbaseHeight(tx)})
	}
	st.order = max(st.order, r.order+1)
	return st.credit(tx, r)
}

func (st *State) loadCursor(raw []byte, atHeight func(int32) *chain.HeaderNode) error {
	var saved []savedBlock
	if err := json.Unmarshal(raw, &saved); err != nil {
		return fmt.Errorf("read where the wallet stands: %w", err)
	}
	for i, s := range saved {
		if n := atHeight(s.Height); n != nil && n.Hash.String() == s.Hash {
			if st.cursor = n; i > 0 {
				st.Rollback(n)
			}
			st.mayComeBack()
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

// Dirty says whether there are changes.
func (st *State) Dirty() bool { return !st.dirt.clean() }

// Learned is how many transactions changed since Take.
func (st *State) Learned() int { return len(st.dirt.records) }

// Take encodes what has changed and calls it saved; GiveBack takes that back.
func (st *State) Take() (Changes, error) {
	c := Changes{dirt: st.dirt, Txs: map[chain.Hash][]byte{}, Labels: map[string]string{}, Scripts: map[uint64]string{}}
	for _, r := range st.rows {
		c.dirt.written[r] = r.written
		for ; r.written < len(r.owned); r.written++ {
			c.Scripts[r.placeOf(r.written)] = r.owned[r.written].script
		}
	}
	for id := range st.dirt.records {
		c.Txs[id] = nil
		if r := st.txs[id]; r != nil {
			c.Txs[id] = appendStored(nil, r.stored)
		}
	}
	for s := range st.dirt.labels {
		c.Labels[s] = st.labelOf(s)
	}
	var err error
	if st.dirt.keys {
		if c.Keys, err = json.Marshal(st.savedKeys()); err != nil {
			return c, fmt.Errorf("encode wallet keys: %w", err)
		}
	}
	if st.dirt.locks {
		if c.Locks, err = st.encodeLocks(); err != nil {
			return c, err
		}
	}
	if st.dirt.seal {
		c.Master, c.Sealed = st.seal.master, st.seal.sealed
	}
	if st.dirt.secrets && st.secrets != nil && st.seal == nil {
		c.Secrets = st.secrets.encode()
	}
	// Where the wallet stands goes with every write: what it knows and how far it has read agree.
	if c.Cursor, err = json.Marshal(locate(st.cursor)); err != nil {
		return c, fmt.Errorf("encode where the wallet stands: %w", err)
	}
	if c.Reread, err = json.Marshal(st.savedReread()); err != nil {
		return c, fmt.Errorf("encode what the wallet has to read again: %w", err)
	}
	st.dirt = newDirt()
	return c, nil
}

func (st *State) savedKeys() savedKeys {
	k := savedKeys{Network: st.Params.Name, Name: st.Name, Birth: st.reread.birth, WatchOnly: st.WatchOnly, Blank: st.Blank, AvoidReuse: st.AvoidReuse, Copies: st.copies, Rows: []savedRow{}}
	for _, r := range st.rows {
		k.Rows = append(k.Rows, r.savedRow)
	}
	return k
}

func (st *State) savedReread() savedReread {
	s := savedReread{Next: st.reread.next}
	for _, r := range st.rows {
		s.Goal = append(s.Goal, r.goal)
	}
	return s
}

// GiveBack says that c could not be written.
func (st *State) GiveBack(c Changes) {
	maps.Copy(st.dirt.records, c.dirt.records)
	maps.Copy(st.dirt.labels, c.dirt.labels)
	st.dirt.keys = st.dirt.keys || c.dirt.keys
	st.dirt.secrets = st.dirt.secrets || c.dirt.secrets
	st.dirt.seal = st.dirt.seal || c.dirt.seal
	st.dirt.locks = st.dirt.locks || c.dirt.locks
	st.dirt.cursor = true
	for r, n := range c.dirt.written {
		r.written = min(r.written, n)
	}
}

func (d dirt) clean() bool {
	return len(d.records) == 0 && len(d.labels) == 0 && !d.keys && !d.secrets && !d.seal && !d.cursor && !d.locks
}
