package addrbook

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/db"
	"grapevine/p2p"
)

// Name and Schema are what peers.db is opened with.
const (
	Name          = "peers"
	Schema uint32 = 1
)

const secretSize = 16

// secrets holds one record under "key"; addresses are under "host:port".
func secrets() db.Table[string, []byte] { return db.NewTable("secret", db.String(), db.Bytes()) }

func addresses() db.Table[string, entry] {
	return db.NewTable("address", db.String(), db.Codec[entry]{Append: appendEntry, Decode: decodeEntry})
}

// appendEntry writes an address's record, numbers big-endian:
//
//	services 8 | seen 8 | lastTry 8 | lastGood 8 | failures 4 | tried 1 | source, the rest
func appendEntry(dst []byte, e entry) []byte {
	dst = binary.BigEndian.AppendUint64(dst, uint64(e.addr.Services))
	for _, t := range []int64{e.addr.Seen, e.lastTry, e.lastGood} {
		dst = binary.BigEndian.AppendUint64(dst, uint64(t))
	}
	dst = binary.BigEndian.AppendUint32(dst, e.failures)
	tried := byte(0)
	if e.tried {
		tried = 1
	}
	return append(append(dst, tried), e.source...)
}

const entrySize = 4*8 + 4 + 1

var errShort = errors.New("address record is too short")

func decodeEntry(b []byte) (entry, error) {
	if len(b) < entrySize {
		return entry{}, errShort
	}
	u := func(i int) uint64 { return binary.BigEndian.Uint64(b[8*i:]) }
	return entry{
		addr:     p2p.Addr{Services: wire.ServiceFlag(u(0)), Seen: int64(u(1))},
		lastTry:  int64(u(2)),
		lastGood: int64(u(3)),
		failures: binary.BigEndian.Uint32(b[32:]),
		tried:    b[36] == 1,
		source:   string(b[entrySize:]),
	}, nil
}

// Open reads the book from its file.
func Open(cfg Config) (*Book, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	b := &Book{
		cfg:     cfg,
		known:   map[netip.AddrPort]*entry{},
		slots:   map[slot]*entry{},
		dirty:   map[netip.AddrPort]bool{},
		bans:    map[p2p.Subnet]Ban{},
		answers: map[string]answer{},

		lastGood: 1, // the first failure of each counts
	}
	b.key = binary.BigEndian.AppendUint64(nil, cfg.Rand.Uint64())
	b.key = binary.BigEndian.AppendUint64(b.key, cfg.Rand.Uint64())
	if cfg.Fixed {
		b.key = make([]byte, chainhash.HashSize) // Core's uint256{1} [AddrManImpl]
		b.key[0] = 1
	}
	if cfg.DB == nil {
		b.sayHealth()
		return b, nil
	}
	if err := cfg.DB.Update(b.loadKey); err != nil {
		return nil, fmt.Errorf("address book: %w", err)
	}
	if err := errors.Join(cfg.DB.View(b.load), cfg.DB.View(b.loadBans), cfg.DB.View(b.loadAnchors)); err != nil {
		return nil, fmt.Errorf("address book: %w", err)
	}
	b.saved = lines(b.anchors)
	b.sayHealth()
	return b, nil
}

// anchorKey is where the anchors are kept among the secrets, a line each.
const anchorKey = "anchors"

// Anchors are the addresses that SetAnchors was given in the last run.
func (b *Book) Anchors() []netip.AddrPort {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.anchors)
}

// SetAnchors remembers addresses for the next run. Save writes them.
func (b *Book) SetAnchors(addrs []netip.AddrPort) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.anchors = slices.Clone(addrs)
}

func lines(addrs []netip.AddrPort) string {
	var text []string
	for _, a := range addrs {
		text = append(text, a.String())
	}
	return strings.Join(text, "\n")
}

func (b *Book) loadAnchors(tx *db.Tx) error {
	lines, _, err := secrets().Get(tx, anchorKey)
	for _, line := range strings.Fields(string(lines)) {
		if a, err := netip.ParseAddrPort(line); err == nil { // names stood here once
			b.anchors = append(b.anchors, a)
		}
	}
	return err
}

// loadKey takes the key from the file, or puts a new one there.
func (b *Book) loadKey(tx *db.Tx) error {
	key, ok, err := secrets().Get(tx, "key")
	if err != nil {
		return err
	}
	if b.cfg.Fixed {
		return nil
	}
	if ok && len(key) == secretSize {
		b.key = key
		return nil
	}
	return secrets().Put(tx, "key", b.key)
}

func (b *Book) load(tx *db.Tx) error {
	var all []*entry
	err := addresses().Scan(tx, nil, func(key string, e entry) (bool, error) {
		at, err := netip.ParseAddrPort(key)
		if err != nil {
			return false, fmt.Errorf("address %q is not host:port", key)
		}
		e.addr.At = at
		all = append(all, &e)
		return true, nil
	})
	if err == nil {
		b.settleIn(all)
	}
	return err
}

// settleIn places the addresses of a file. With another secret, map of systems or way to reckon places than those
// it was written with, several may want one place: who was good last has it, and a tried one that finds none in
// tried looks for one in new [Unserialize]. Whose record is not true any more is dirty: the others' would
// take places from better ones at a later start.
func (b *Book) settleIn(all []*entry) {
	now := b.cfg.Now().Unix()
	slices.SortStableFunc(all, func(x, y *entry) int {
		return cmp.Or(cmp.Compare(y.lastGood, x.lastGood), cmp.Compare(y.addr.Seen, x.addr.Seen))
	})
	for _, e := range all {
		if e.tried {
			b.place(e, now)
		}
	}
	var changed []netip.AddrPort
	for _, e := range all {
		if b.known[e.addr.At] == e {
			continue
		}
		if e.tried {
			e.tried = false
			changed = append(changed, e.addr.At)
		}
		b.place(e, now)
	}
	clear(b.dirty)
	for _, key := range changed {
		b.dirty[key] = true
	}
	for _, e := range all {
		if b.known[e.addr.At] != e {
			b.dirty[e.addr.At] = true
		}
	}
}

// Save writes what has changed since the last Save. One at a time, please.
func (b *Book) Save() error {
	b.sayHealth()
	if b.cfg.DB == nil {
		return nil
	}
	changed, bans := b.changes()
	anchors := lines(b.Anchors())
	if len(changed) == 0 && bans == nil && anchors == b.saved {
		return nil
	}
	err := b.cfg.DB.Update(func(tx *db.Tx) error {
		if err := secrets().Put(tx, anchorKey, []byte(anchors)); err != nil {
			return err
		}
		if err := write(tx, changed); err != nil || bans == nil {
			return err
		}
		return writeBans(tx, bans)
	})
	if err != nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		for key := range changed {
			b.dirty[key] = true
		}
		b.bansDirty = b.bansDirty || bans != nil
		return fmt.Errorf("address book: %w", err)
	}
	b.saved = anchors
	return nil
}

// changes takes what is to be written: copies of entries, nil for those that
// are gone, and all bans unless none has changed.
func (b *Book) changes() (changed map[netip.AddrPort]*entry, bans []Ban) {
	b.mu.Lock()
	defer b.mu.Unlock()
	changed = make(map[netip.AddrPort]*entry, len(b.dirty))
	for key := range b.dirty {
		changed[key] = nil
		if e := b.known[key]; e != nil {
			c := *e
			changed[key] = &c
		}
	}
	clear(b.dirty)
	if b.bansDirty {
		bans = make([]Ban, 0, len(b.bans))
		for _, ban := range b.bans {
			bans = append(bans, ban)
		}
		b.bansDirty = false
	}
	return changed, bans
}

func write(tx *db.Tx, changed map[netip.AddrPort]*entry) error {
	for key, e := range changed {
		var err error
		if e == nil {
			err = addresses().Delete(tx, key.String())
		} else {
			err = addresses().Put(tx, key.String(), *e)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
