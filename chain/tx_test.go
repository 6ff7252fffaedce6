package chain_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

// someTx is a transaction that CheckTx passes, changed by edit.
func someTx(ins int, edit func(*wire.MsgTx)) *chain.Tx {
	tx := wire.NewMsgTx(2)
	for i := range ins {
		tx.AddTxIn(&wire.TxIn{PreviousOutPoint: wire.OutPoint{Hash: chain.Hash{1}, Index: uint32(i)}, Sequence: 0xffffffff})
	}
	tx.AddTxOut(wire.NewTxOut(1000, chaintest.OpTrue()))
	edit(tx)
	return chain.NewTx(tx)
}

func TestT25_TransactionsByThemselves(t *testing.T) {
	const all = 2_100_000_000_000_000 // satoshis: 21 million coins
	coinbase := func(n int) func(*wire.MsgTx) {
		return func(tx *wire.MsgTx) {
			tx.TxIn[0].PreviousOutPoint = wire.OutPoint{Index: 0xffffffff}
			tx.TxIn[0].SignatureScript = make([]byte, n)
		}
	}
	outs := func(values ...int64) func(*wire.MsgTx) {
		return func(tx *wire.MsgTx) {
			tx.TxOut = nil
			for _, v := range values {
				tx.AddTxOut(wire.NewTxOut(v, nil))
			}
		}
	}
	for _, tc := range []struct {
		name string
		ins  int
		edit func(*wire.MsgTx)
		want error
	}{
		{"good", 1, func(*wire.MsgTx) {}, nil},
		{"no inputs", 0, func(*wire.MsgTx) {}, chain.ErrNoInputs},
		{"no outputs", 1, outs(), chain.ErrNoOutputs},
		{"worth nothing", 1, outs(0), nil},
		{"all the money", 1, outs(all), nil},
		{"a satoshi more", 1, outs(all + 1), chain.ErrOutputTooLarge},
		{"negative", 1, outs(-1), chain.ErrOutputNegative},
		{"the least number", 1, outs(-1 << 63), chain.ErrOutputNegative},
		{"the greatest number", 1, outs(1<<63 - 1), chain.ErrOutputTooLarge},
		{"all the money in two", 1, outs(all-1, 1), nil},
		{"a satoshi more in two", 1, outs(all, 1), chain.ErrOutputTotal},
		{"a sum that overflows", 1, outs(all, all, all), chain.ErrOutputTotal},
		{"coinbase script of 1", 1, coinbase(1), chain.ErrCoinbaseLength},
		{"coinbase script of 2", 1, coinbase(2), nil},
		{"coinbase script of 100", 1, coinbase(100), nil},
		{"coinbase script of 101", 1, coinbase(101), chain.ErrCoinbaseLength},
		{"a null input among two", 2, coinbase(10), chain.ErrNullPrevout},
		{"null hash alone is an input", 1, func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Hash = chain.Hash{} }, nil},
		{"null index alone is an input", 1, func(tx *wire.MsgTx) { tx.TxIn[0].PreviousOutPoint.Index = 0xffffffff }, nil},
	} {
		if err := chain.CheckTx(someTx(tc.ins, tc.edit)); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestT23_InputsNamedTwiceAreRefusedInAnyNumber(t *testing.T) {
	for _, n := range []int{2, 3, 12, 13, 14, 1000} {
		for _, pair := range [][2]int{{0, 1}, {0, n - 1}, {n - 2, n - 1}} {
			tx := someTx(n, func(tx *wire.MsgTx) { tx.TxIn[pair[1]].PreviousOutPoint = tx.TxIn[pair[0]].PreviousOutPoint })
			if err := chain.CheckTx(tx); pair[0] != pair[1] && !errors.Is(err, chain.ErrDuplicateInputs) {
				t.Errorf("%d inputs, %v the same: got %v", n, pair, err)
			}
		}
		if err := chain.CheckTx(someTx(n, func(*wire.MsgTx) {})); err != nil {
			t.Errorf("%d inputs: %v", n, err)
		}
	}
}

func TestT31_TransactionSizeAtItsLimit(t *testing.T) {
	base := someTx(1, func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = make([]byte, 70_000) }).Size - 70_000
	for size, want := range map[int]error{1_000_000: nil, 1_000_001: chain.ErrTxOversize} {
		tx := someTx(1, func(tx *wire.MsgTx) { tx.TxOut[0].PkScript = make([]byte, size-base) })
		if tx.Size != size {
			t.Fatalf("size is %d, not %d", tx.Size, size)
		}
		if err := chain.CheckTx(tx); !errors.Is(err, want) {
			t.Errorf("%d bytes: got %v, want %v", size, err, want)
		}
	}
	// Witnesses do not count here.
	tx := someTx(1, func(tx *wire.MsgTx) {
		tx.TxOut[0].PkScript = make([]byte, 1_000_000-base)
		tx.TxIn[0].Witness = wire.TxWitness{make([]byte, 100_000)}
	})
	if err := chain.CheckTx(tx); err != nil {
		t.Errorf("with a witness: %v", err)
	}
}

func TestT25_CoinsTakenAndGiven(t *testing.T) {
	const all = 2_100_000_000_000_000
	p := chain.RegTest()
	coin := func(v btcutil.Amount) chain.Coin { return chain.Coin{Value: v, Height: 1} }
	young := func(height int32) chain.Coin { return chain.Coin{Value: 5000, Height: height, Coinbase: true} }
	for _, tc := range []struct {
		name  string
		coins []chain.Coin
		fee   btcutil.Amount
		want  error
	}{
		{"a fee", []chain.Coin{coin(1500)}, 500, nil},
		{"no fee", []chain.Coin{coin(1000)}, 0, nil},
		{"less than it gives", []chain.Coin{coin(999)}, 0, chain.ErrInBelowOut},
		{"all the money", []chain.Coin{coin(all)}, all - 1000, nil},
		{"a coin of more", []chain.Coin{coin(all + 1)}, 0, chain.ErrInputValues},
		{"more in two coins", []chain.Coin{coin(all), coin(1)}, 0, chain.ErrInputValues},
		{"a negative coin", []chain.Coin{coin(-1)}, 0, chain.ErrInputValues},
		{"a coinbase at depth 100", []chain.Coin{young(100)}, 4000, nil},
		{"a coinbase at depth 99", []chain.Coin{young(101)}, 0, chain.ErrImmatureCoinbase},
		{"a coinbase of the same block", []chain.Coin{young(200)}, 0, chain.ErrImmatureCoinbase},
	} {
		fee, err := chain.CheckTxInputs(p, someTx(len(tc.coins), func(*wire.MsgTx) {}), tc.coins, 200)
		if !errors.Is(err, tc.want) || fee != tc.fee {
			t.Errorf("%s: got %d, %v, want %d, %v", tc.name, fee, err, tc.fee, tc.want)
		}
	}
}

func TestLockTimesEndStrictlyAfterTheirNumber(t *testing.T) {
	for _, tc := range []struct {
		name     string
		lock     uint32
		sequence uint32
		height   int32
		mtp      int64
		final    bool
	}{
		{"no lock", 0, 0, 10, 0, true},
		{"height not passed", 10, 0, 10, 0, false},
		{"height passed", 9, 0, 10, 0, true},
		{"the greatest height", 499_999_999, 0, 499_999_999, 1 << 40, false},
		{"the least time, not passed", 500_000_000, 0, 1 << 30, 500_000_000, false},
		{"the least time, passed", 500_000_000, 0, 1, 500_000_001, true},
		{"every sequence final", 1 << 31, 0xffffffff, 10, 0, true},
		{"sequence one below final", 1 << 31, 0xfffffffe, 10, 0, false},
	} {
		tx := someTx(2, func(tx *wire.MsgTx) {
			tx.LockTime = tc.lock
			tx.TxIn[0].Sequence = 0xffffffff
			tx.TxIn[1].Sequence = tc.sequence
		})
		if got := chain.IsFinal(tx, tc.height, tc.mtp); got != tc.final {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
}

// Versions are unsigned: those with the highest bit set have relative locks
// too, although wire shows them as negative.
func TestT26_RelativeLocksHoldForVersionsFromTwo(t *testing.T) {
	p := chain.RegTest()
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(30))
	parent := rows[29].Node // height 30
	coins := []chain.Coin{{Value: 1, Height: 20}}
	for version, locked := range map[uint32]bool{0: false, 1: false, 2: true, 3: true, 0x80000002: true, 0xffffffff: true, 0x80000000: true} {
		tx := someTx(1, func(tx *wire.MsgTx) {
			tx.Version = int32(version)
			tx.TxIn[0].Sequence = 100
		})
		if got := !chain.SequenceLock(p, tx, coins, parent).Open(parent); got != locked {
			t.Errorf("version %#x: locked is %v, want %v", version, got, locked)
		}
	}
}

func TestRelativeLocksOpenAtTheirBlock(t *testing.T) {
	const seconds = 1 << 22
	p := chain.RegTest()
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(60))
	node := func(height int) *chain.HeaderNode { return rows[height-1].Node }
	coinAt := func(h int32) []chain.Coin { return []chain.Coin{{Value: 1, Height: h}} }
	// Blocks are ten minutes apart, so the median time of height h ≥ 11 is
	// genesis + (h-5)·600 s.
	for _, tc := range []struct {
		name     string
		sequence uint32
		coin     int32
		parent   int
		open     bool
	}{
		{"10 blocks, 9 passed", 10, 20, 28, false},
		{"10 blocks, 10 passed", 10, 20, 29, true},
		{"none", 0, 20, 20, true},
		{"disabled by bit 31", 1<<31 | 10, 20, 20, true},
		{"other bits do not count", 10 | 0x003f0000, 20, 28, false},
		{"coin of the same block, no wait", 0, 41, 40, true},
		{"coin of the same block, one block", 1, 41, 40, false},
		// 2·512 s after the median time of height 19: between heights 20 and 21.
		{"1024 s, 600 s passed", seconds | 2, 20, 20, false},
		{"1024 s, 1200 s passed", seconds | 2, 20, 21, true},
		{"no seconds", seconds, 20, 20, true},
		// 75·512 s = 64·600 s: not a second early.
		{"38400 s of 37800", seconds | 75, 12, 11 + 63, false},
	} {
		if tc.parent > 60 {
			more := chaintest.Grow(t, p, node(60), chaintest.Times(tc.parent-60))
			rows = append(rows[:60:60], more...)
		}
		tx := someTx(1, func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = tc.sequence })
		if got := chain.SequenceLock(p, tx, coinAt(tc.coin), node(tc.parent)).Open(node(tc.parent)); got != tc.open {
			t.Errorf("%s: got %v", tc.name, got)
		}
	}
	last := chaintest.Mine(t, p, rows[len(rows)-1].Node).Node
	tx := someTx(1, func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = seconds | 75 })
	if !chain.SequenceLock(p, tx, coinAt(12), last).Open(last) {
		t.Errorf("38400 s of 38400: closed")
	}
	p.CSVHeight = 1000
	tx = someTx(1, func(tx *wire.MsgTx) { tx.TxIn[0].Sequence = 100 })
	if !chain.SequenceLock(p, tx, coinAt(59), last).Open(last) {
		t.Error("held before BIP68")
	}
}

func TestSigOpCostCountsByKind(t *testing.T) {
	const checkSig, checkMultiSig = 0xac, 0xae
	key := chaintest.NewKey(1)
	multi := append([]byte{0x52}, bytes.Repeat(append([]byte{33}, make([]byte, 33)...), 3)...)
	multi = append(multi, 0x53, checkMultiSig) // 2 of 3
	p2sh := append(append([]byte{0xa9, 20}, make([]byte, 20)...), 0x87)
	p2wsh := append([]byte{0, 32}, make([]byte, 32)...)
	p2wpkh := key.P2WPKH()
	push := func(b []byte) []byte { return append([]byte{0x4c, byte(len(b))}, b...) }
	for _, tc := range []struct {
		name        string
		sig, pk     []byte
		witness     wire.TxWitness
		out         []byte
		cost, naked int // with all flags, and with none
	}{
		{"nothing", nil, chaintest.OpTrue(), nil, nil, 0, 0},
		{"in an output", nil, nil, nil, key.P2PKH(), 4, 4},
		{"in a coin: counted where it was made", nil, key.P2PKH(), nil, nil, 0, 0},
		{"in an input script", []byte{checkSig}, nil, nil, nil, 4, 4},
		{"bare multisig counts twenty", nil, nil, nil, multi, 80, 80},
		{"up to where the script breaks", nil, nil, nil, []byte{checkSig, checkSig, 0x4b, checkSig}, 8, 8},
		{"P2SH multisig counts its keys", push(multi), p2sh, nil, nil, 12, 0},
		{"P2SH with more than pushes", append([]byte{0x61}, push(multi)...), p2sh, nil, nil, 0, 0},
		{"P2WPKH", nil, p2wpkh, wire.TxWitness{{1}, {2}}, nil, 1, 0},
		{"P2WSH multisig", nil, p2wsh, wire.TxWitness{nil, multi}, nil, 3, 0},
		{"P2WSH without witness", nil, p2wsh, nil, nil, 0, 0},
		{"P2SH-P2WPKH", append([]byte{22}, p2wpkh...), p2sh, wire.TxWitness{{1}, {2}}, nil, 1, 0},
		{"P2SH-P2WSH", append([]byte{34}, p2wsh...), p2sh, wire.TxWitness{multi}, nil, 3, 0},
		{"taproot has a budget of its own", nil, key.P2TR(), wire.TxWitness{make([]byte, 64)}, nil, 0, 0},
		{"unknown witness versions", nil, append([]byte{0x52, 32}, make([]byte, 32)...), wire.TxWitness{multi}, nil, 0, 0},
	} {
		tx := someTx(1, func(tx *wire.MsgTx) {
			tx.TxIn[0].SignatureScript, tx.TxIn[0].Witness, tx.TxOut[0].PkScript = tc.sig, tc.witness, tc.out
		})
		coins := []chain.Coin{{PkScript: tc.pk}}
		if got := chain.SigOpCost(tx, coins, chain.ConsensusFlags); got != tc.cost {
			t.Errorf("%s: got %d, want %d", tc.name, got, tc.cost)
		}
		if got := chain.SigOpCost(tx, coins, 0); got != tc.naked {
			t.Errorf("%s without flags: got %d, want %d", tc.name, got, tc.naked)
		}
	}
}
