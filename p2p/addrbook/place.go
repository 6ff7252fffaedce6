package addrbook

import (
	"encoding/binary"
	"net/netip"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/p2p"
)

// Where an address belongs is reckoned as in Core, to the byte: with -test=addrman, whose key is no secret
// and whose tables have Core's size, it is the same bucket and position.

// slotOf is where an entry belongs. The secret key keeps others from aiming at a bucket
// [GetNewBucket, GetTriedBucket, GetBucketPosition].
func (b *Book) slotOf(e *entry) slot {
	key := keyOf(e.addr.At)
	group := b.groupAt(e.addr.At)
	kind := byte('K')
	times, bucket := uint64(1), uint64(0)
	if b.cfg.Fixed {
		times = coreBuckets
	}
	if e.tried {
		n := b.hash(list(key)) % triedPerGroup
		bucket = b.hash(list(group), number(n)) % (triedBuckets * times)
	} else {
		kind = 'N'
		source := b.group(e.source)
		n := b.hash(list(group), list(source)) % newPerSource
		bucket = b.hash(list(source), number(n)) % (newBuckets * times)
	}
	pos := b.hash(string([]byte{kind}), string(binary.LittleEndian.AppendUint32(nil, uint32(bucket))), list(key)) % bucketSize
	return slot{e.tried, int(bucket), int(pos)}
}

// keyOf is an address with its port, most significant byte first: 16 bytes of IPv4 and IPv6, or
// the name's of an overlay [CService::GetKey].
func keyOf(at netip.AddrPort) string {
	raw := at.Addr().As16()
	id := raw[:]
	if network, name := p2p.Overlay(at.Addr()); network != "" {
		id = name
	}
	return string(binary.BigEndian.AppendUint16(append([]byte(nil), id...), at.Port()))
}

// hash is the first eight bytes of the key's and the parts' double SHA-256 [HashWriter::GetCheapHash].
func (b *Book) hash(parts ...string) uint64 {
	buf := append(make([]byte, 0, 128), b.key...) // room for all of them: a part has 35 bytes at most, but a seed's name
	for _, p := range parts {
		buf = append(buf, p...)
	}
	sum := chainhash.DoubleHashB(buf)
	return binary.LittleEndian.Uint64(sum)
}

// list is bytes as Core writes a vector of them: with their number before, which is less than 0xfd
// but for the name of a seed.
func list(bytes string) string {
	if n := len(bytes); n >= 0xfd {
		return string(binary.LittleEndian.AppendUint16([]byte{0xfd}, uint16(n))) + bytes
	}
	return string([]byte{byte(len(bytes))}) + bytes
}

func number(n uint64) string { return string(binary.LittleEndian.AppendUint64(nil, n)) }
