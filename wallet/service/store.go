package service

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet"
	"grapevine/wallet/crypter"
	"grapevine/wallet/state"
)

// Schema is the version of wallet.db, for db.Open. What the values hold is
// the state's business: see its record.go and save.go in wallet/state.
//
//	keys    "wallet"  -> descriptors, how many addresses of each were handed out
//	keys    "secrets" -> words, seed, private keys; or, in an encrypted wallet:
//	keys    "master"  -> the master key, wrapped by the passphrase
//	keys    "sealed"  -> what else is in secrets, by the master key
//	cursor  "at"      -> where the wallet stands, then ever fewer blocks before
//	cursor  "reread"  -> what of the chain it has to read once more
//	cursor  "locks"   -> coins set aside for good
//	txs     txid      -> the transaction and what we know of it
//	labels  script    -> label
//	scripts place     -> script, see state.Changes
const Schema uint32 = 2

// firstSchema had words, seed and private keys in "wallet", in clear: see wallet/state/first.go. What
// such a file holds is read as it is, and written anew with the first change.
const firstSchema uint32 = 1

// openAs opens a file of this or an older version; db.Options say what for.
func openAs(path string, o db.Options) (*db.DB, error) {
	o.From = []uint32{firstSchema}
	return db.Open(path, "wallet", Schema, o)
}

const (
	keysTable = "keys"
	keysKey   = "wallet"
	masterKey = "master"
	sealedKey = "sealed"
	secretKey = "secrets"
	cursorKey = "at"
	rereadKey = "reread"
	locksKey  = "locks"
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
		keys:    db.NewTable(keysTable, db.String(), db.Bytes()),
		cursor:  db.NewTable("cursor", db.String(), db.Bytes()),
		txs:     db.NewTable("txs", db.Hash[chain.Hash](), db.Bytes()),
		labels:  db.NewTable("labels", db.String(), db.String()),
		scripts: db.NewTable("scripts", db.Uint64(), db.String()),
	}
}

// OpenFile opens wallet.db, or makes it. A new one gets its name only when it is
// whole: so an empty file of that name is what is left of a wallet, after a disk
// was full or a copy was cut short, and is db.ErrCorrupt, not a new wallet.
func OpenFile(path string, o db.Options) (*db.DB, error) {
	if err := tidy(path); err != nil {
		return nil, err
	}
	st, err := os.Stat(path)
	switch {
	case err == nil && st.Mode().IsRegular() && st.Size() == 0: // db.Open has words for what is no file
		return nil, fmt.Errorf("open %s: %w: it is empty", path, db.ErrCorrupt)
	case errors.Is(err, fs.ErrNotExist):
		if err := makeFile(path, o); err != nil {
			return nil, err
		}
	}
	return openAs(path, o)
}

func makeFile(path string, o db.Options) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("make wallet: %w", err)
	}
	f, err := db.Open(fresh, "wallet", Schema, o)
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("make wallet: %w", err)
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("make wallet: %w", err)
	}
	return nil
}

// load reads the state; nil when the file holds no wallet.
func (s *Service) load() (*state.State, error) {
	c := state.Changes{Txs: map[chain.Hash][]byte{}, Labels: map[string]string{}, Scripts: map[uint64]string{}}
	found := false
	err := s.cfg.DB.View(func(tx *db.Tx) (err error) {
		if c.Keys, found, err = s.tables.keys.Get(tx, keysKey); err != nil || !found {
			return err
		}
		if c.Master, c.Sealed, err = s.tables.readSeal(tx); err != nil {
			return err
		}
		if c.Secrets, _, err = s.tables.keys.Get(tx, secretKey); err != nil {
			return err
		}
		for key, to := range map[string]*[]byte{cursorKey: &c.Cursor, rereadKey: &c.Reread, locksKey: &c.Locks} {
			if *to, _, err = s.tables.cursor.Get(tx, key); err != nil {
				return err
			}
		}
		err = s.tables.txs.Scan(tx, nil, func(id chain.Hash, raw []byte) (bool, error) {
			c.Txs[id] = raw
			return true, nil
		})
		return errors.Join(err, s.tables.labels.Scan(tx, nil, func(script, label string) (bool, error) {
			c.Labels[script] = label
			return true, nil
		}), s.tables.scripts.Scan(tx, nil, func(place uint64, script string) (bool, error) {
			c.Scripts[place] = script
			return true, nil
		}))
	})
	if err == nil && !found {
		return nil, nil
	}
	var st *state.State
	if err == nil {
		st, err = state.Load(c, s.cfg.settings(), s.cfg.Chain.AtHeight)
	}
	if err != nil {
		return nil, fmt.Errorf("load wallet from %s: %w", s.cfg.DB.Path(), err)
	}
	return st, nil
}

// flush writes what has changed in one commit; when it returns, it is on disk.
func (s *Service) flush() error {
	s.fileMu.Lock() // guards the single writer of the file
	defer s.fileMu.Unlock()
	if err := s.moor(); err != nil {
		return err
	}
	s.mu.Lock()
	st := s.state
	if st == nil || !st.Dirty() {
		s.mu.Unlock()
		return nil
	}
	err := st.Reseal(s.cfg.Rand)
	var c state.Changes
	if err == nil {
		c, err = st.Take()
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := s.cfg.DB.Update(func(tx *db.Tx) error { return s.tables.write(tx, c) }); err != nil {
		s.mu.Lock()
		st.GiveBack(c)
		s.mu.Unlock()
		return fmt.Errorf("write wallet: %w", err)
	}
	return nil
}

// readSeal is what an encrypted wallet has in place of its secrets; nil: it is plain.
func (t tables) readSeal(tx *db.Tx) (master, sealed []byte, err error) {
	master, there, err := t.keys.Get(tx, masterKey)
	if err != nil || !there {
		return nil, nil, err
	}
	sealed, there, err = t.keys.Get(tx, sealedKey)
	if err == nil && !there {
		err = fmt.Errorf("%w: its keys are gone", crypter.ErrDamaged)
	}
	return master, sealed, err
}

func (t tables) write(tx *db.Tx, c state.Changes) error {
	if c.Keys != nil {
		if err := t.keys.Put(tx, keysKey, c.Keys); err != nil {
			return err
		}
	}
	if c.Locks != nil {
		if err := t.cursor.Put(tx, locksKey, c.Locks); err != nil {
			return err
		}
	}
	if c.Master != nil {
		err := errors.Join(t.keys.Put(tx, masterKey, c.Master), t.keys.Put(tx, sealedKey, c.Sealed), t.keys.Delete(tx, secretKey))
		if err != nil {
			return err
		}
	}
	if c.Secrets != nil {
		if err := t.keys.Put(tx, secretKey, c.Secrets); err != nil {
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
// then in the place of the state. The pool may concern one that is restored.
func (s *Service) replace(st *state.State, restored bool) error {
	s.fileMu.Lock()
	defer s.fileMu.Unlock()
	if s.inUse(restored) { // an address that is handed out from here on is not on disk, and change sees that it is lost
		return wallet.ErrExists
	}
	c, err := st.Take()
	if err != nil {
		return err
	}
	err = s.cfg.DB.Update(func(tx *db.Tx) error {
		if err := errors.Join(s.tables.keys.Clear(tx), s.tables.txs.Clear(tx), s.tables.labels.Clear(tx), s.tables.scripts.Clear(tx)); err != nil {
			return err
		}
		return s.tables.write(tx, c)
	})
	if err != nil {
		return fmt.Errorf("write wallet: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state, s.scripts = st, nil // those were of the one before
	s.poolDue = restored
	s.announce()
	return nil
}
