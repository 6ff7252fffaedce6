package msg

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/wire/v2"
)

// Most entries of one message.
const (
	maxInv     = 50_000 // Core's MAX_INV_SZ: inv, getdata, notfound
	maxHeaders = 2000   // Core's MAX_HEADERS_RESULTS
	maxLocator = 101    // Core's MAX_LOCATOR_SZ
	MaxAddrs   = 1000   // Core's MAX_ADDR_TO_SEND
)

// Sizes in bytes of what travels.
const (
	invSize       = 4 + 32
	headerSize    = 80 + 1 // with its transaction count, always 0
	addrSize      = 4 + 8 + 16 + 2
	minAddrV2Size = 4 + 1 + 1 + 1 + 0 + 2 // of an unknown network with an empty address
)

// shape is what can be said of a payload before it is decoded: head bytes, then
// maybe a count and that many elements, then tail bytes; what follows is ignored.
type shape struct {
	head, tail int
	elem       int  // least bytes of one element, 0: no list
	max        int  // most elements
	lenient    bool // more of them are no offence
	any        bool // looked at by the message itself, or not at all
}

func (s shape) check(p []byte) error {
	least, count := s.head+s.tail, uint64(0)
	if s.any {
		return nil
	}
	if len(p) < least {
		return fmt.Errorf("%d bytes, at least %d are needed", len(p), least)
	}
	if s.elem > 0 {
		n, size, err := compactSize(p[s.head:])
		if err != nil {
			return err
		}
		count, least = n, least+size
	}
	if least > len(p) || count > uint64((len(p)-least)/max(s.elem, 1)) {
		return fmt.Errorf("%d entries do not fit in %d bytes", count, len(p))
	}
	if count > uint64(s.max) {
		return tooMany(count)
	}
	return nil
}

var errShort = errors.New("ends too early, within a number")

// tooMany entries are announced, and are there.
type tooMany uint64

func (n tooMany) Error() string { return fmt.Sprintf("%d entries are too many", uint64(n)) }

// compactSize reads Bitcoin's variable-length number and says how many bytes it took.
func compactSize(p []byte) (n uint64, size int, err error) {
	if len(p) == 0 {
		return 0, 0, errShort
	}
	size = 1
	switch p[0] {
	case 0xfd:
		size = 3
	case 0xfe:
		size = 5
	case 0xff:
		size = 9
	default:
		return uint64(p[0]), 1, nil
	}
	if len(p) < size {
		return 0, 0, errShort
	}
	var b [8]byte
	copy(b[:], p[1:size])
	n = binary.LittleEndian.Uint64(b[:])
	if wire.VarIntSerializeSize(n) != size {
		return 0, 0, fmt.Errorf("number %d is not in its shortest form", n)
	}
	return n, size, nil
}

// blank is an empty message of this name and the shape of its payload; nil for
// names we do not know, sendtxrcncl among them (BIP330, Erlay) [TxReconciliationTracker].
func blank(command string) (wire.Message, shape) {
	switch command {
	case wire.CmdInv:
		return &wire.MsgInv{}, shape{elem: invSize, max: maxInv}
	case wire.CmdGetData:
		return &wire.MsgGetData{}, shape{elem: invSize, max: maxInv}
	case wire.CmdNotFound:
		return &wire.MsgNotFound{}, shape{elem: invSize, max: maxInv, lenient: true}
	case wire.CmdHeaders:
		return &wire.MsgHeaders{}, shape{elem: headerSize, max: maxHeaders}
	case wire.CmdGetHeaders:
		return &wire.MsgGetHeaders{}, shape{head: 4, elem: 32, max: maxLocator, tail: 32}
	case wire.CmdGetBlocks:
		return &wire.MsgGetBlocks{}, shape{head: 4, elem: 32, max: maxLocator, tail: 32}
	case wire.CmdAddr:
		return &wire.MsgAddr{}, shape{elem: addrSize, max: MaxAddrs}
	case wire.CmdAddrV2:
		return &AddrV2{}, shape{elem: minAddrV2Size, max: MaxAddrs} // BIP155 leaves room for networks to come
	case wire.CmdVersion:
		return &wire.MsgVersion{}, shape{head: 80, elem: 1, max: wire.MaxUserAgentLen, tail: 4, lenient: true}
	case wire.CmdPing:
		return &wire.MsgPing{}, shape{head: 8}
	case wire.CmdPong:
		return &wire.MsgPong{}, shape{head: 8}
	case wire.CmdFeeFilter:
		return &wire.MsgFeeFilter{}, shape{head: 8}
	case CmdSendCmpct:
		return &SendCmpct{}, shape{head: sendCmpctSize}
	case CmdCmpctBlock:
		return &CmpctBlock{}, shape{any: true}
	case CmdGetBlockTxn:
		return &GetBlockTxn{}, shape{any: true}
	case CmdBlockTxn:
		return &BlockTxn{}, shape{any: true}
	case CmdFeature:
		return &Feature{}, shape{head: 1 + minFeatureID + 1}
	case CmdHave:
		return &Have{}, shape{head: haveHead}
	case CmdGiven:
		return &Given{}, shape{head: haveHead}
	case CmdTwin:
		return &Twin{}, shape{head: twinSize}
	case wire.CmdGetCFilters:
		return &wire.MsgGetCFilters{}, shape{head: 37}
	case wire.CmdGetCFHeaders:
		return &wire.MsgGetCFHeaders{}, shape{head: 37}
	case wire.CmdGetCFCheckpt:
		return &wire.MsgGetCFCheckpt{}, shape{head: 33}
	}
	return nameOnly(command)
}

// nameOnly are the messages that have nothing to read, or nothing that we read; bytes
// that follow all the same are ignored, as in Core.
func nameOnly(command string) (wire.Message, shape) {
	switch command {
	case wire.CmdVerAck:
		return &wire.MsgVerAck{}, shape{}
	case wire.CmdWTxIdRelay:
		return &wire.MsgWTxIdRelay{}, shape{}
	case wire.CmdSendAddrV2:
		return &wire.MsgSendAddrV2{}, shape{}
	case wire.CmdSendHeaders:
		return &wire.MsgSendHeaders{}, shape{}
	case wire.CmdGetAddr:
		return &wire.MsgGetAddr{}, shape{}
	case wire.CmdMemPool:
		return &wire.MsgMemPool{}, shape{}
	case wire.CmdFilterClear:
		return &wire.MsgFilterClear{}, shape{}
	case wire.CmdFilterLoad:
		return &FilterLoad{}, shape{elem: 1, max: MaxPayload, tail: 4 + 4 + 1}
	case wire.CmdFilterAdd:
		return &FilterAdd{}, shape{elem: 1, max: MaxPayload}
	case wire.CmdMerkleBlock,
		wire.CmdReject, wire.CmdCFilter, wire.CmdCFHeaders, wire.CmdCFCheckpt:
		return &Opaque{Name: command}, shape{any: true}
	}
	return nil, shape{}
}
