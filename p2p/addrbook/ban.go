package addrbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"grapevine/db"
)

// Ban keeps a part of the network away: neither dialled nor accepted [BanMan].
type Ban struct {
	Net          netip.Prefix // one address has the full length
	Since, Until time.Time
}

// MaxBans bounds what people can ask for.
const MaxBans = 10_000

// errTooManyBans: the list is full.
var errTooManyBans = errors.New("too many bans")

// Ban adds a ban, or changes its end.
func (b *Book) Ban(n netip.Prefix, until time.Time) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.bans) >= MaxBans {
		b.sweepBans()
	}
	if _, ok := b.bans[n]; !ok && len(b.bans) >= MaxBans {
		return errTooManyBans
	}
	b.bans[n] = Ban{Net: n, Since: b.cfg.Now(), Until: until}
	b.bansDirty = true
	return nil
}

// Unban takes a ban back and reports whether there was one.
func (b *Book) Unban(n netip.Prefix) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.bans[n]
	delete(b.bans, n)
	b.bansDirty = b.bansDirty || ok
	return ok
}

// Bans lists what holds now, by network.
func (b *Book) Bans() []Ban {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sweepBans()
	list := make([]Ban, 0, len(b.bans))
	for _, ban := range b.bans {
		list = append(list, ban)
	}
	slices.SortFunc(list, func(x, y Ban) int {
		if c := x.Net.Addr().Compare(y.Net.Addr()); c != 0 {
			return c
		}
		return x.Net.Bits() - y.Net.Bits()
	})
	return list
}

// sweepBans forgets those that have run out [SweepBanned].
func (b *Book) sweepBans() {
	now := b.cfg.Now()
	for n, ban := range b.bans {
		if !now.Before(ban.Until) {
			delete(b.bans, n)
			b.bansDirty = true
		}
	}
}

// Banned tells whether a ban holds for the address. It takes one step for each
// length a subnet can have, however many bans there are [IsBanned].
func (b *Book) Banned(a netip.Addr) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.banned(a)
}

func (b *Book) banned(a netip.Addr) bool {
	if len(b.bans) == 0 || !a.IsValid() {
		return false
	}
	a = a.Unmap().WithZone("")
	now := b.cfg.Now()
	for bits := a.BitLen(); bits >= 0; bits-- {
		p, err := a.Prefix(bits)
		if err != nil {
			return false
		}
		if ban, ok := b.bans[p]; ok && now.Before(ban.Until) {
			return true
		}
	}
	return false
}

// banTable is the table of bans: the subnet as text, then since and until, Unix
// seconds of 8 bytes, big-endian.
func banTable() db.Table[string, Ban] {
	return db.NewTable("ban", db.String(), db.Codec[Ban]{
		Append: func(dst []byte, v Ban) []byte {
			dst = binary.BigEndian.AppendUint64(dst, uint64(v.Since.Unix()))
			return binary.BigEndian.AppendUint64(dst, uint64(v.Until.Unix()))
		},
		Decode: func(raw []byte) (Ban, error) {
			if len(raw) != 16 {
				return Ban{}, fmt.Errorf("ban of %d bytes", len(raw))
			}
			at := func(i int) time.Time { return time.Unix(int64(binary.BigEndian.Uint64(raw[i:])), 0) }
			return Ban{Since: at(0), Until: at(8)}, nil
		},
	})
}

func (b *Book) loadBans(tx *db.Tx) error {
	return banTable().Scan(tx, nil, func(key string, ban Ban) (bool, error) {
		n, err := netip.ParsePrefix(key)
		if err != nil {
			return false, fmt.Errorf("ban of %q: %w", key, err)
		}
		ban.Net = n
		b.bans[n] = ban
		return true, nil
	})
}

func writeBans(tx *db.Tx, bans []Ban) error {
	if err := banTable().Clear(tx); err != nil {
		return err
	}
	for _, ban := range bans {
		if err := banTable().Put(tx, ban.Net.String(), ban); err != nil {
			return err
		}
	}
	return nil
}
