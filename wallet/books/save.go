package books

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"grapevine/chain"
)

// Changes are what a file does not hold yet, as bytes.
type Changes struct {
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
	records map[chain.Hash]struct{} // to be written, or deleted when the books have them no more
	labels  map[string]struct{}     // scripts
	keys    bool                    // next
	cursor  bool
	written counts // in Changes: how many scripts of each row the file held before
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

// Load makes the books from what Changes once held. atHeight is the active
// chain's header at a height, nil above its tip: the books go back to the last
// block that is on it.
func Load(c Changes, p *chain.Params, atHeight func(int32) *chain.HeaderNode) (*Books, error) {
	var k savedKeys
	if err := json.Unmarshal(c.Keys, &k); err != nil {
		return nil, fmt.Errorf("read wallet keys: %w", err)
	}
	if k.Network != p.Name {
		return nil, fmt.Errorf("the wallet is of network %s, not %s", k.Network, p.Name)
	}
	b, err := blank(k.Seed, k.Words, p)
	if err != nil {
		return nil, err
	}
	b.name, b.next = k.Name, k.Next
	for row := range b.rows {
		for i := 0; c.Scripts[placeOf(row, i)] != ""; i++ {
			b.watch(row, c.Scripts[placeOf(row, i)])
		}
		b.written[row] = uint32(len(b.rows[row]))
	}
	if err := b.loadReread(c.Reread, k); err != nil {
		return nil, err
	}
	for script, label := range c.Labels {
		if own := b.scripts[script]; own != nil {
			own.label = label
		}
	}
	for id, raw := range c.Txs {
		if err := b.loadTx(id, raw); err != nil {
			return nil, fmt.Errorf("wallet transaction %s: %w", id, err)
		}
	}
	slices.SortFunc(b.list, func(x, y *record) int { return cmp.Compare(x.order, y.order) })
	b.dirt = newDirt()
	b.dirt.keys = k.Scanned == nil
	return b, b.loadCursor(c.Cursor, atHeight)
}

// loadReread makes the scripts that the file lacks, and says what to do about them.
func (b *Books) loadReread(raw []byte, k savedKeys) error {
	r := &b.reread
	*r = reread{birth: k.Birth, next: nowhere, scanned: b.lens()}
	if err := b.derive(); err != nil {
		return err
	}
	if k.Scanned == nil { // nobody has looked for the new scripts yet
		r.next, r.goal = r.birth, b.lens()
		return nil
	}
	r.scanned = *k.Scanned
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

func (b *Books) loadTx(id chain.Hash, raw []byte) error {
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
	b.link(r)
	if r.coinbase && r.abandoned {
		b.orphans = append(b.orphans, r)
	}
	b.order = max(b.order, r.order+1)
	return b.credit(tx, r)
}

func (b *Books) loadCursor(raw []byte, atHeight func(int32) *chain.HeaderNode) error {
	var saved []savedBlock
	if err := json.Unmarshal(raw, &saved); err != nil {
		return fmt.Errorf("read where the wallet stands: %w", err)
	}
	for i, s := range saved {
		if n := atHeight(s.Height); n != nil && n.Hash.String() == s.Hash {
			if b.cursor = n; i > 0 {
				b.Rollback(n)
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

// Dirty says whether there are Changes.
func (b *Books) Dirty() bool { return !b.dirt.clean() }

// Learned is how many transactions changed since Take.
func (b *Books) Learned() int { return len(b.dirt.records) }

// Take encodes what has changed and calls it saved; GiveBack takes that back.
func (b *Books) Take() (Changes, error) {
	c := Changes{dirt: b.dirt, Txs: map[chain.Hash][]byte{}, Labels: map[string]string{}, Scripts: map[uint64]string{}}
	c.dirt.written = b.written
	for row, list := range b.rows {
		for i := int(b.written[row]); i < len(list); i++ {
			c.Scripts[placeOf(row, i)] = list[i].script
		}
		b.written[row] = uint32(len(list))
	}
	for id := range b.dirt.records {
		c.Txs[id] = nil
		if r := b.txs[id]; r != nil {
			c.Txs[id] = appendStored(nil, r.stored)
		}
	}
	for s := range b.dirt.labels {
		c.Labels[s] = b.scripts[s].label
	}
	var err error
	if b.dirt.keys {
		if c.Keys, err = json.Marshal(savedKeys{b.params.Name, b.name, b.words, b.seed, b.next, b.reread.birth, &b.reread.scanned}); err != nil {
			return c, fmt.Errorf("encode wallet keys: %w", err)
		}
	}
	// Where the wallet stands goes with every write: what it knows and how far it has read agree.
	if c.Cursor, err = json.Marshal(locate(b.cursor)); err != nil {
		return c, fmt.Errorf("encode where the wallet stands: %w", err)
	}
	if c.Reread, err = json.Marshal(savedReread{b.reread.next, b.reread.goal}); err != nil {
		return c, fmt.Errorf("encode what the wallet has to read again: %w", err)
	}
	b.dirt = newDirt()
	return c, nil
}

// GiveBack says that c could not be written.
func (b *Books) GiveBack(c Changes) {
	maps.Copy(b.dirt.records, c.dirt.records)
	maps.Copy(b.dirt.labels, c.dirt.labels)
	b.dirt.keys = b.dirt.keys || c.dirt.keys
	b.dirt.cursor = true
	for row := range b.written {
		b.written[row] = min(b.written[row], c.dirt.written[row])
	}
}

func (d dirt) clean() bool {
	return len(d.records) == 0 && len(d.labels) == 0 && !d.keys && !d.cursor
}
