package vault

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/db"
)

// Schema is the version of wallet.db, for db.Open.
//
//	keys    "wallet"        -> savedKeys, JSON
//	cursor  "at"            -> []savedBlock, JSON: where the wallet stands, then ever fewer blocks before
//	txs     txid            -> stored, see record.go
//	labels  script          -> label
const Schema uint32 = 1

// savedKeys is all that makes a wallet: with it alone the rest can be read
// from the chain again.
type savedKeys struct {
	Network string    `json:"network"`
	Words   string    `json:"words"`
	Seed    []byte    `json:"seed"` // BIP39's, so that its passphrase need not be kept
	Next    [4]uint32 `json:"next"` // by wallet.Branches
}

type savedBlock struct {
	Height int32  `json:"height"`
	Hash   string `json:"hash"`
}

const (
	keysKey   = "wallet"
	cursorKey = "at"
)

type tables struct {
	keys   db.Table[string, []byte]
	cursor db.Table[string, []byte]
	txs    db.Table[chain.Hash, []byte]
	labels db.Table[string, string]
}

func newTables() tables {
	return tables{
		keys:   db.NewTable("keys", db.String(), db.Bytes()),
		cursor: db.NewTable("cursor", db.String(), db.Bytes()),
		txs:    db.NewTable("txs", db.Hash[chain.Hash](), db.Bytes()),
		labels: db.NewTable("labels", db.String(), db.String()),
	}
}

// load reads the books; nil when the file holds no wallet.
func (v *Vault) load() (b *books, err error) {
	err = v.cfg.DB.View(func(tx *db.Tx) error {
		raw, ok, err := v.tables.keys.Get(tx, keysKey)
		if !ok || err != nil {
			return err
		}
		var k savedKeys
		if err := json.Unmarshal(raw, &k); err != nil {
			return fmt.Errorf("read wallet keys: %w", err)
		}
		if k.Network != v.cfg.Params.Name {
			return fmt.Errorf("the wallet in %s is of network %s, not %s", v.cfg.DB.Path(), k.Network, v.cfg.Params.Name)
		}
		if b, err = newBooks(k.Seed, k.Words, v.cfg.Params); err != nil {
			return err
		}
		b.next = k.Next
		if err := b.derive(); err != nil {
			return err
		}
		return errors.Join(v.loadLabels(tx, b), v.loadTxs(tx, b), v.loadCursor(tx, b))
	})
	if err != nil {
		return nil, fmt.Errorf("load wallet: %w", err)
	}
	return b, nil
}

func (v *Vault) loadLabels(tx *db.Tx, b *books) error {
	return v.tables.labels.Scan(tx, nil, func(script, label string) (bool, error) {
		if own := b.scripts[script]; own != nil {
			own.label = label
		}
		return true, nil
	})
}

func (v *Vault) loadTxs(tx *db.Tx, b *books) error {
	err := v.tables.txs.Scan(tx, nil, func(id chain.Hash, raw []byte) (bool, error) {
		s, err := decodeStored(raw)
		if err != nil {
			return false, fmt.Errorf("transaction %s: %w", id, err)
		}
		t, err := chain.DecodeTx(s.raw)
		if err != nil {
			return false, fmt.Errorf("transaction %s: %w", id, err)
		}
		r := newRecord(t, s)
		b.link(r)
		b.order = max(b.order, r.order+1)
		return true, b.credit(t, r)
	})
	b.dirt = newDirt()
	return err
}

// loadCursor goes back to the last block that is in the active chain too.
func (v *Vault) loadCursor(tx *db.Tx, b *books) error {
	raw, _, err := v.tables.cursor.Get(tx, cursorKey)
	if err != nil {
		return err
	}
	var saved []savedBlock
	if err := json.Unmarshal(raw, &saved); err != nil {
		return fmt.Errorf("read where the wallet stands: %w", err)
	}
	for i, s := range saved {
		if n := v.cfg.Chain.AtHeight(s.Height); n != nil && n.Hash.String() == s.Hash {
			if b.cursor = n; i > 0 {
				b.rollback(n)
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

// changes are the bytes of one write.
type changes struct {
	dirt   dirt
	keys   []byte // nil: not changed
	cursor []byte
	txs    map[chain.Hash][]byte // nil bytes: deleted
	labels map[string]string
}

// take encodes what is dirty and calls it clean.
func (b *books) take(network string) (c changes, err error) {
	c = changes{dirt: b.dirt, txs: map[chain.Hash][]byte{}, labels: map[string]string{}}
	for id := range b.dirt.records {
		c.txs[id] = nil
		if r := b.txs[id]; r != nil {
			c.txs[id] = appendStored(nil, r.stored)
		}
	}
	for s := range b.dirt.labels {
		c.labels[s] = b.scripts[s].label
	}
	if b.dirt.keys {
		if c.keys, err = json.Marshal(savedKeys{network, b.words, b.seed, b.next}); err != nil {
			return c, fmt.Errorf("encode wallet keys: %w", err)
		}
	}
	// Where the wallet stands goes with every write: what it knows and how far it has read agree.
	if c.cursor, err = json.Marshal(locate(b.cursor)); err != nil {
		return c, fmt.Errorf("encode where the wallet stands: %w", err)
	}
	b.dirt = newDirt()
	return c, nil
}

// giveBack makes dirty again what could not be written.
func (b *books) giveBack(d dirt) {
	maps.Copy(b.dirt.records, d.records)
	maps.Copy(b.dirt.labels, d.labels)
	b.dirt.keys = b.dirt.keys || d.keys
	b.dirt.cursor = true
}

func (d dirt) clean() bool {
	return len(d.records) == 0 && len(d.labels) == 0 && !d.keys && !d.cursor
}

// flush writes what is dirty in one commit; when it returns, it is on disk.
func (v *Vault) flush() error {
	v.fileMu.Lock() // guards the single writer of the file
	defer v.fileMu.Unlock()
	v.mu.Lock()
	b := v.books
	if b == nil || b.dirt.clean() {
		v.mu.Unlock()
		return nil
	}
	c, err := b.take(v.cfg.Params.Name)
	v.mu.Unlock()
	if err != nil {
		return err
	}
	if err := v.cfg.DB.Update(func(tx *db.Tx) error { return v.tables.write(tx, c) }); err != nil {
		v.mu.Lock()
		b.giveBack(c.dirt)
		v.mu.Unlock()
		return fmt.Errorf("write wallet: %w", err)
	}
	return nil
}

func (t tables) write(tx *db.Tx, c changes) error {
	if c.keys != nil {
		if err := t.keys.Put(tx, keysKey, c.keys); err != nil {
			return err
		}
	}
	for _, id := range slices.SortedFunc(maps.Keys(c.txs), func(x, y chain.Hash) int { return slices.Compare(x[:], y[:]) }) {
		var err error
		if raw := c.txs[id]; raw != nil {
			err = t.txs.Put(tx, id, raw)
		} else {
			err = t.txs.Delete(tx, id)
		}
		if err != nil {
			return err
		}
	}
	for script, label := range c.labels {
		if err := t.labels.Put(tx, script, label); err != nil {
			return err
		}
	}
	return t.cursor.Put(tx, cursorKey, c.cursor)
}

// replace puts a new wallet in the place of what the file holds, durably, and
// then in the place of the books.
func (v *Vault) replace(b *books) error {
	v.fileMu.Lock()
	defer v.fileMu.Unlock()
	b.dirt.keys = true
	c, err := b.take(v.cfg.Params.Name)
	if err != nil {
		return err
	}
	err = v.cfg.DB.Update(func(tx *db.Tx) error {
		if err := errors.Join(v.tables.txs.Clear(tx), v.tables.labels.Clear(tx)); err != nil {
			return err
		}
		return v.tables.write(tx, c)
	})
	if err != nil {
		return fmt.Errorf("write wallet: %w", err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.books = b
	v.announce()
	return nil
}

// selfMade says whether a wallet makes itself at first use.
func selfMade(p *chain.Params) bool { return p.Net == chaincfg.RegressionNetParams.Net }
