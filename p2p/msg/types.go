package msg

import (
	"io"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
)

// ProtocolVersion is what we say in our version message (BIP155's number).
const ProtocolVersion = 70016

// Block is the block message. On the wire it is Block.Raw, unchanged.
type Block struct{ *chain.Block }

// Tx is the tx message, with witness.
type Tx struct{ *chain.Tx }

// BareTx is the tx message without witness: the answer to a getdata for MSG_TX
// without the witness flag. It is never made by Decode.
type BareTx struct{ *chain.Tx }

// BtcDecode reads r to its end.
func (b *Block) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	raw, err := io.ReadAll(io.LimitReader(r, MaxPayload+1))
	if err != nil {
		return err
	}
	b.Block, err = chain.DecodeBlock(raw)
	return err
}

// BtcEncode writes the block as it came.
func (b *Block) BtcEncode(w io.Writer, _ uint32, _ wire.MessageEncoding) error {
	_, err := w.Write(b.Raw)
	return err
}

// Command is "block".
func (b *Block) Command() string { return wire.CmdBlock }

// MaxPayloadLength is MaxPayload.
func (b *Block) MaxPayloadLength(uint32) uint32 { return MaxPayload }

// BtcDecode reads r to its end.
func (t *Tx) BtcDecode(r io.Reader, _ uint32, _ wire.MessageEncoding) error {
	raw, err := io.ReadAll(io.LimitReader(r, MaxPayload+1))
	if err != nil {
		return err
	}
	t.Tx, err = chain.DecodeTx(raw)
	return err
}

// BtcEncode writes the transaction with its witness.
func (t *Tx) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	return t.MsgTx.BtcEncode(w, pver, wire.WitnessEncoding)
}

// BtcEncode writes the transaction without its witness.
func (t *BareTx) BtcEncode(w io.Writer, pver uint32, _ wire.MessageEncoding) error {
	return t.MsgTx.BtcEncode(w, pver, wire.BaseEncoding)
}

var (
	_ wire.Message = (*Block)(nil)
	_ wire.Message = (*Tx)(nil)
	_ wire.Message = (*BareTx)(nil)
)
