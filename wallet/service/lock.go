package service

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet"
)

// lockSpent is lock for the coins of a transaction.
func (st *state) lockSpent(coins []wallet.Coin) error {
	for i := range coins {
		st.locked[coins[i].OutPoint] = false
	}
	return nil
}

// checkLock says why coins cannot be set aside, or given back. The reasons are
// Core's [lockunspent].
func (st *state) checkLock(ops []wire.OutPoint, lock, durable bool) error {
	for _, op := range ops {
		tx := st.txs[op.Hash]
		_, locked := st.locked[op]
		_, held := st.held[op]
		why := ""
		switch {
		case tx == nil:
			why = "unknown transaction"
		case op.Index >= tx.outs:
			why = "vout index out of bounds"
		case held || st.spent(op):
			why = "expected unspent output"
		case lock && locked && !durable:
			why = "output already locked"
		case !lock && !locked:
			why = "expected locked output"
		default:
			continue
		}
		return fmt.Errorf("%w, %s", wallet.ErrLock, why)
	}
	return nil
}

// lock sets coins aside until they are given back or spent or, unless durable, the
// node stops. Either all of them or none [LockCoin].
func (st *state) lock(ops []wire.OutPoint, durable bool) error {
	if err := st.checkLock(ops, true, durable); err != nil {
		return err
	}
	for _, op := range ops {
		st.locked[op] = st.locked[op] || durable
	}
	st.dirt.locks = st.dirt.locks || durable && len(ops) > 0
	return nil
}

// unlockAll gives coins back; either all of them or none.
func (st *state) unlockAll(ops []wire.OutPoint) error {
	if err := st.checkLock(ops, false, false); err != nil {
		return err
	}
	for _, op := range ops {
		st.unlock(op)
	}
	return nil
}

// unlock gives one coin back [UnlockCoin].
func (st *state) unlock(op wire.OutPoint) {
	if durable, ok := st.locked[op]; ok {
		st.dirt.locks = st.dirt.locks || durable
		delete(st.locked, op)
	}
}

// lockedCoins are the coins set aside by lock, in order.
func (st *state) lockedCoins() ([]wire.OutPoint, error) {
	return slices.SortedFunc(maps.Keys(st.locked), compareOutPoints), nil
}

// savedLock is what the file holds of a coin that is set aside for good.
type savedLock struct {
	TxID string `json:"txid"`
	Vout uint32 `json:"vout"`
}

func (st *state) encodeLocks() ([]byte, error) {
	list := []savedLock{}
	for _, op := range slices.SortedFunc(maps.Keys(st.locked), compareOutPoints) {
		if st.locked[op] {
			list = append(list, savedLock{op.Hash.String(), op.Index})
		}
	}
	raw, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode locked coins: %w", err)
	}
	return raw, nil
}

func (st *state) loadLocks(raw []byte) error {
	if raw == nil {
		return nil
	}
	var list []savedLock
	if err := json.Unmarshal(raw, &list); err != nil {
		return fmt.Errorf("read locked coins: %w", err)
	}
	for _, l := range list {
		id, err := chainhash.NewHashFromStr(l.TxID)
		if err != nil {
			return fmt.Errorf("read locked coins: %w", err)
		}
		st.locked[wire.OutPoint{Hash: *id, Index: l.Vout}] = true
	}
	return nil
}
