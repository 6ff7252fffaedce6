package addrbook

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"grapevine/db"
	"grapevine/p2p"
)

// Ban keeps a part of the network away: neither dialled nor accepted [BanMan].
type Ban struct {
	Net          p2p.Subnet
	Since, Until time.Time
}

// MaxBans bounds what people can ask for.
const MaxBans = 10_000

// errTooManyBans: the list is full.
var errTooManyBans = errors.New("too many bans")

// Ban adds a ban, or changes its end.
func (b *Book) Ban(n p2p.Subnet, until time.Time) error {
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
func (b *Book) Unban(n p2p.Subnet) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, ok := b.bans[n]
	delete(b.bans, n)
	b.bansDirty = b.bansDirty || ok
	return ok
}

// Holds tells whether a ban of just this subnet holds; with wider, also one of a wider subnet
// that contains it.
func (b *Book) Holds(n p2p.Subnet, wider bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if wider {
		return b.banned(n.First())
	}
	ban, ok := b.bans[n]
	return ok && b.cfg.Now().Before(ban.Until)
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
	slices.SortFunc(list, func(x, y Ban) int { return x.Net.Compare(y.Net) })
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

func (b *Book) banned(a netip.Addr) (banned bool) {
	if len(b.bans) == 0 {
		return false
	}
	now := b.cfg.Now()
	p2p.Surrounding(a, func(n p2p.Subnet) bool {
		ban, ok := b.bans[n]
		banned = ok && now.Before(ban.Until)
		return !banned
	})
	return banned
}

// banTable is the table of bans: the subnet as text (or the
// name of a node of an overlay), then since and until, Unix
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
		n, err := p2p.ReadSubnet(key)
		if err != nil {
			return false, fmt.Errorf("ban: %w", err)
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
