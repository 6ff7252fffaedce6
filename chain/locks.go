package chain

import "github.com/btcsuite/btcd/wire/v2"

// IsFinal is finality: whether tx's lock time lets it into a block of that height;
// medianTime is the block's parent's (BIP113), in Unix seconds [IsFinalTx, CheckFinalTxAtTip].
func IsFinal(tx *Tx, height int32, medianTime int64) bool {
	lock := int64(tx.LockTime)
	limit := int64(height)
	if lock >= lockTimeThreshold {
		limit = medianTime
	}
	if lock == 0 || lock < limit {
		return true
	}
	for _, in := range tx.TxIn {
		if in.Sequence != wire.MaxTxInSequenceNum {
			return false
		}
	}
	return true
}

// LockPoint is where relative lock times (BIP68) still hold a transaction
// back: the last height and the last median time, in Unix seconds, at which it
// is not final; -1 for no such lock.
type LockPoint struct {
	Height int32
	Time   int64
}

// SequenceLock computes the relative locks that tx has in a block: none before
// BIP68 is active (csv).
func SequenceLock(p *Params, tx *Tx, coins []Coin, parent *HeaderNode) LockPoint {
	if parent.Height+1 < p.CSVHeight {
		return LockPoint{-1, -1}
	}
	return RelativeLock(tx, coins, parent)
}

// RelativeLock computes tx's relative locks [CalculateSequenceLocks], as the pool
// holds to them at any height; coins are those it spends, in
// input order, and parent is the block on which it is to be mined. A coin that
// is itself not mined yet counts as being at parent's height + 1 [CalculateLockPointsAtTip].
func RelativeLock(tx *Tx, coins []Coin, parent *HeaderNode) LockPoint {
	l := LockPoint{-1, -1}
	if uint32(tx.Version) < 2 || tx.IsCoinbase() {
		return l
	}
	for i, in := range tx.TxIn {
		seq := in.Sequence
		switch {
		case seq&wire.SequenceLockTimeDisabled != 0:
		case seq&wire.SequenceLockTimeIsSeconds != 0:
			// Counted from the median time before the coin's own block.
			made := parent.Ancestor(max(coins[i].Height-1, 0)).MedianTimePast()
			wait := int64(seq&wire.SequenceLockTimeMask) << wire.SequenceLockTimeGranularity
			l.Time = max(l.Time, made+wait-1)
		default:
			l.Height = max(l.Height, coins[i].Height+int32(seq&wire.SequenceLockTimeMask)-1)
		}
	}
	return l
}

// Open says whether the locks let the transaction into a block on parent
// [EvaluateSequenceLocks].
func (l LockPoint) Open(parent *HeaderNode) bool {
	return l.Height < parent.Height+1 && (l.Time < 0 || l.Time < parent.MedianTimePast())
}
