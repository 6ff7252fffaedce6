package chain

import "fmt"

// Outline is what is known of a block without its transactions: what its bytes say of them.
type Outline struct {
	Size   int // bytes
	Weight int
	TxIDs  []Hash // in the block's order
}

// OutlineOf reads what DecodeBlock reads, and finds the same faults, but makes no transactions and does not hash their
// witnesses: that is most of the work. Nothing of raw is kept.
func OutlineOf(raw []byte) (Outline, error) {
	w := walker{raw: raw, pos: min(headerSize, len(raw))}
	count, err := w.count(minTxSize)
	if err != nil {
		return Outline{}, fmt.Errorf("decode block: %w", err)
	}
	o := Outline{Size: len(raw), Weight: w.pos * WitnessScale, TxIDs: make([]Hash, 0, count)}
	for i := range count {
		start := w.pos
		l, err := w.tx()
		if err != nil {
			return Outline{}, fmt.Errorf("decode block: transaction %d: %w", i, err)
		}
		o.TxIDs = append(o.TxIDs, l.txid(raw[start:w.pos]))
		o.Weight += l.weight()
	}
	if w.pos < len(raw) {
		return Outline{}, fmt.Errorf("decode block: %w", errTrailing)
	}
	return o, nil
}
