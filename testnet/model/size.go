package model

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p/msg"
)

// Sizes on the wire, in bytes.
const (
	frameSize     = 24 // magic, command, length, checksum
	invSize       = 36
	headerSize    = 81  // with its count of transactions, always 0
	handshakeSize = 310 // version, wtxidrelay, sendaddrv2, verack, of one side
)

// sizeOf is how many bytes a message takes on the wire. What is frequent is
// reckoned, the rest is encoded.
func sizeOf(m wire.Message) int {
	list := func(n, each int) int { return frameSize + wire.VarIntSerializeSize(uint64(n)) + n*each }
	switch m := m.(type) {
	case *msg.Block:
		return frameSize + len(m.Raw)
	case *msg.Tx:
		return frameSize + m.Size
	case *msg.BareTx:
		return frameSize + m.StrippedSize()
	case *wire.MsgInv:
		return list(len(m.InvList), invSize)
	case *wire.MsgGetData:
		return list(len(m.InvList), invSize)
	case *wire.MsgNotFound:
		return list(len(m.InvList), invSize)
	case *wire.MsgHeaders:
		return list(len(m.Headers), headerSize)
	case *wire.MsgGetHeaders:
		return list(len(m.BlockLocatorHashes), 32) + 4 + 32
	}
	_, raw, err := msg.Encode(m)
	if err != nil {
		return frameSize
	}
	return frameSize + len(raw)
}
