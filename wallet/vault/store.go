package vault

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet/books"
)

// Schema is the version of wallet.db, for db.Open. What the values hold is
// package books' business: see its record.go and save.go.
//
//	keys    "wallet"  -> words, seed, how many addresses were handed out
//	cursor  "at"      -> where the wallet stands, then ever fewer blocks before
//	cursor  "reread"  -> what of the chain it has to read once more
//	txs     txid      -> the transaction and what we know of it
//	labels  script    -> label
//	scripts place     -> script, see books.Changes
const Schema uint32 = 1

const (
	keysKey   = "wallet"
	cursorKey = "at"
	rereadKey = "reread"
)

type tables struct {
	keys   db.Table[string, []byte]
	cursor db.Table[string, []byte]
	txs    db.Table[chain.Hash, []byte]
	labels db.Table[string, string]
	// All scripts ever derived: finding them again takes 0.1 ms each.
	scripts db.Table[uint64, string]
}

func newTables() tables {
	return tables{
		keys:    db.NewTable("keys", db.String(), db.Bytes()),
		cursor:  db.NewTable("cursor", db.String(), db.Bytes()),
		txs:     db.NewTable("txs", db.Hash[chain.Hash](), db.Bytes()),
		labels:  db.NewTable("labels", db.String(), db.String()),
		scripts: db.NewTable("scripts", db.Uint64(), db.String()),
	}
}

// load reads the books; nil when the file holds no wallet.
func (v *Vault) load() (*books.Books, error) {
	c := books.Changes{Txs: map[chain.Hash][]byte{}, Labels: map[string]string{}, Scripts: map[uint64]string{}}
	found := false
	err := v.cfg.DB.View(func(tx *db.Tx) (err error) {
		if c.Keys, found, err = v.tables.keys.Get(tx, keysKey); err != nil || !found {
			return err
		}
		if c.Cursor, _, err = v.tables.cursor.Get(tx, cursorKey); err != nil {
			return err
		}
		if c.Reread, _, err = v.tables.cursor.Get(tx, rereadKey); err != nil {
			return err
		}
		err = v.tables.txs.Scan(tx, nil, func(id chain.Hash, raw []byte) (bool, error) {
			c.Txs[id] = raw
			return true, nil
		})
		return errors.Join(err, v.tables.labels.Scan(tx, nil, func(script, label string) (bool, error) {
			c.Labels[script] = label
			return true, nil
		}), v.tables.scripts.Scan(tx, nil, func(place uint64, script string) (bool, error) {
			c.Scripts[place] = script
			return true, nil
		}))
	})
	if err == nil && !found {
		return nil, nil
	}
	var b *books.Books
	if err == nil {
		b, err = books.Load(c, v.cfg.Params, v.cfg.Chain.AtHeight)
	}
	if err != nil {
		return nil, fmt.Errorf("load wallet from %s: %w", v.cfg.DB.Path(), err)
	}
	return b, nil
}

// flush writes what has changed in one commit; when it returns, it is on disk.
func (v *Vault) flush() error {
	v.fileMu.Lock() // guards the single writer of the file
	defer v.fileMu.Unlock()
	v.mu.Lock()
	b := v.books
	if b == nil || !b.Dirty() {
		v.mu.Unlock()
		return nil
	}
	c, err := b.Take()
	v.mu.Unlock()
	if err != nil {
		return err
	}
	if err := v.cfg.DB.Update(func(tx *db.Tx) error { return v.tables.write(tx, c) }); err != nil {
		v.mu.Lock()
		b.GiveBack(c)
		v.mu.Unlock()
		return fmt.Errorf("write wallet: %w", err)
	}
	return nil
}

func (t tables) write(tx *db.Tx, c books.Changes) error {
	if c.Keys != nil {
		if err := t.keys.Put(tx, keysKey, c.Keys); err != nil {
			return err
		}
	}
	// In the order of the keys, so that a page is written once.
	ids := slices.SortedFunc(maps.Keys(c.Txs), func(x, y chain.Hash) int { return cmp.Compare(string(x[:]), string(y[:])) })
	for _, id := range ids {
		var err error
		if raw := c.Txs[id]; raw != nil {
			err = t.txs.Put(tx, id, raw)
		} else {
			err = t.txs.Delete(tx, id)
		}
		if err != nil {
			return err
		}
	}
	for script, label := range c.Labels {
		if err := t.labels.Put(tx, script, label); err != nil {
			return err
		}
	}
	for _, place := range slices.Sorted(maps.Keys(c.Scripts)) {
		if err := t.scripts.Put(tx, place, c.Scripts[place]); err != nil {
			return err
		}
	}
	return errors.Join(t.cursor.Put(tx, cursorKey, c.Cursor), t.cursor.Put(tx, rereadKey, c.Reread))
}

// replace puts a new wallet in the place of what the file holds, durably, and
// then in the place of the books. The pool may concern one that is restored.
func (v *Vault) replace(b *books.Books, restored bool) error {
	v.fileMu.Lock()
	defer v.fileMu.Unlock()
	c, err := b.Take()
	if err != nil {
		return err
	}
	err = v.cfg.DB.Update(func(tx *db.Tx) error {
		if err := errors.Join(v.tables.txs.Clear(tx), v.tables.labels.Clear(tx), v.tables.scripts.Clear(tx)); err != nil {
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
	v.poolDue = restored
	v.announce()
	return nil
}

// selfMade says whether a wallet makes itself at first use.
func selfMade(p *chain.Params) bool { return p.Net == chaincfg.RegressionNetParams.Net }
