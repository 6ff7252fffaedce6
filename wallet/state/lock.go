package state

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/wallet"
)

// LockInputs sets the coins of a transaction aside until the node stops [lockUnspents].
func (st *State) LockInputs(coins []wallet.Coin) {
	for i := range coins {
		st.locked[coins[i].OutPoint] = false
	}
}

// checkLock says why coins cannot be set aside, or given back. The reasons are
// Core's [lockunspent].
func (st *State) checkLock(ops []wire.OutPoint, lock, durable bool) error {
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
		case held || st.Spent(op):
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

// LockCoins sets coins aside until they are given back or spent or, unless durable, the
// node stops. Either all of them or none [LockCoin].
func (st *State) LockCoins(ops []wire.OutPoint, durable bool) error {
	if err := st.checkLock(ops, true, durable); err != nil {
		return err
	}
	for _, op := range ops {
		st.locked[op] = st.locked[op] || durable
	}
	st.dirt.locks = st.dirt.locks || durable && len(ops) > 0
	return nil
}

// UnlockCoins gives coins back; either all of them or none.
func (st *State) UnlockCoins(ops []wire.OutPoint) error {
	if err := st.checkLock(ops, false, false); err != nil {
		return err
	}
	for _, op := range ops {
		st.unlockCoin(op)
	}
	return nil
}

// UnlockAllCoins gives all coins back.
func (st *State) UnlockAllCoins() error {
	for op := range st.locked {
		st.unlockCoin(op)
	}
	return nil
}

// unlockCoin gives one coin back [UnlockCoin].
func (st *State) unlockCoin(op wire.OutPoint) {
	if durable, ok := st.locked[op]; ok {
		st.dirt.locks = st.dirt.locks || durable
		delete(st.locked, op)
	}
}

// LockedCoins are the coins set aside, in order.
func (st *State) LockedCoins() ([]wire.OutPoint, error) {
	return slices.SortedFunc(maps.Keys(st.locked), compareOutPoints), nil
}

// savedLock is what the file holds of a coin that is set aside for good.
type savedLock struct {
	TxID string `json:"txid"`
	Vout uint32 `json:"vout"`
}

func (st *State) encodeLocks() ([]byte, error) {
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

func (st *State) loadLocks(raw []byte) error {
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
