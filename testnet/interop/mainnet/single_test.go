package mainnet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/script"
)

// single are blocks that lie alone in a module.
func single() []struct {
	module, path, hash string
	height             int32
	weight             int
} {
	return []struct {
		module, path, hash string
		height             int32
		weight             int
	}{
		{btcd, "blockchain/testdata/277647.dat.bz2", "0000000000000000054a714e580b16c583701712ab91060e92dbde6eb1e052a8", 277_647, 596_656},
		{wireV2, "testdata/block-0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2.blk",
			"0000000000000000001602407ac49862a7bca9d00f7f402db20b7be2f5de59d2", 0, 0},
		{wireV2, "testdata/block-00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab.blk",
			"00000000000000000021868c2cefc52a480d173c849412fe81c4e5ab806f94ab", 0, 0},
	}
}

// block277647 comes with every coin that it spends.
func block277647(t *testing.T) (*chain.Block, map[wire.OutPoint]chain.Coin) {
	t.Helper()
	raw := fromModule(t, btcd, "blockchain/testdata/277647.dat.bz2")
	b, err := chain.DecodeBlock(raw[8:]) // magic, length
	if err != nil {
		t.Fatal(err)
	}
	coins, err := readCoins(fromModule(t, btcd, "blockchain/testdata/277647.utxostore.bz2"))
	if err != nil {
		t.Fatal(err)
	}
	return b, coins
}

// Every script of block 277,647 holds, its inputs cover its outputs, its
// coinbase takes what it may; and with a bit of a signature changed one fails.
func TestBlock277647WithItsCoins(t *testing.T) {
	b, coins := block277647(t)
	p := chain.MainNet()
	node := &chain.HeaderNode{Hash: b.Hash, Header: b.Header, Height: 277_647}
	if err := chain.CheckBlock(p, b); err != nil {
		t.Fatal(err)
	}
	checker, flags := script.New(script.Config{}), chain.ScriptFlags(p, node)
	var fees btcutil.Amount
	inputs := 0
	for i, tx := range b.Txs {
		if i > 0 {
			spent := take(t, coins, tx)
			inputs += len(spent)
			if err := checker.CheckTx(tx, spent, flags); err != nil {
				t.Fatalf("transaction %d: %v", i, err)
			}
			fee, err := chain.CheckTxInputs(p, tx, spent, node.Height)
			if err != nil {
				t.Fatalf("transaction %d: %v", i, err)
			}
			fees += fee
			forge(t, checker, tx, spent, flags)
		}
		for j, out := range tx.TxOut {
			coins[wire.OutPoint{Hash: tx.ID, Index: uint32(j)}] = chain.Coin{
				Value: btcutil.Amount(out.Value), PkScript: out.PkScript, Height: node.Height, Coinbase: i == 0}
		}
	}
	if err := chain.CheckCoinbaseAmount(p, b, node.Height, fees); err != nil {
		t.Error(err)
	}
	if err := chain.CheckCoinbaseAmount(p, b, node.Height+p.SubsidyReductionInterval, fees); err == nil {
		t.Error("the coinbase may take the same after a halving")
	}
	if len(b.Txs) != 213 || inputs != 732 {
		t.Errorf("%d transactions, %d inputs", len(b.Txs), inputs)
	}
	t.Logf("%s: %d transactions, %d inputs, fees %v", b.Hash, len(b.Txs), inputs, fees)
}

func take(t *testing.T, coins map[wire.OutPoint]chain.Coin, tx *chain.Tx) (spent []chain.Coin) {
	t.Helper()
	for _, in := range tx.TxIn {
		c, ok := coins[in.PreviousOutPoint]
		if !ok {
			t.Fatalf("%s spends %v, which is not there", tx.ID, in.PreviousOutPoint)
		}
		delete(coins, in.PreviousOutPoint)
		spent = append(spent, c)
	}
	return spent
}

// forge changes a bit of the first input's signature.
func forge(t *testing.T, checker *script.Checker, tx *chain.Tx, spent []chain.Coin, flags txscript.ScriptFlags) {
	t.Helper()
	msg := tx.MsgTx.Copy()
	msg.TxIn[0].SignatureScript[len(msg.TxIn[0].SignatureScript)/4] ^= 1
	if checker.CheckTx(chain.NewTx(msg), spent, flags) == nil {
		t.Errorf("%s holds with a changed signature", tx.ID)
	}
}

// Blocks of other times decode to their hash, merkle root and witness
// commitment, encode to the same bytes, and weigh what wire says.
func TestSingleBlocksFitTheirHeaders(t *testing.T) {
	for _, s := range single() {
		raw := fromModule(t, s.module, s.path)
		if bytes.HasPrefix(raw, []byte{0xf9, 0xbe, 0xb4, 0xd9}) {
			raw = raw[8:]
		}
		b, err := chain.DecodeBlock(raw)
		if err != nil {
			t.Fatal(err)
		}
		if s.hash != "" && b.Hash.String() != s.hash {
			t.Errorf("%s is %s", s.path, b.Hash)
		}
		if err := chain.CheckWork(chain.MainNet(), &b.Header); err != nil {
			t.Errorf("%s: %v", b.Hash, err)
		}
		if err := chain.CheckBlock(chain.MainNet(), b); err != nil {
			t.Errorf("%s: %v", b.Hash, err)
		}
		if err := chain.CheckBlockContext(chain.MainNet(), parentOf(t, b), b); err != nil {
			t.Errorf("%s: %v", b.Hash, err)
		}
		if again := chain.NewBlock(b.MsgBlock()); !bytes.Equal(again.Raw, raw) {
			t.Errorf("%s encodes to other bytes", b.Hash)
		}
		msg := b.MsgBlock()
		if want := 3*msg.SerializeSizeStripped() + msg.SerializeSize(); b.Weight != want || s.weight != 0 && want != s.weight {
			t.Errorf("%s weighs %d, wire says %d", b.Hash, b.Weight, want)
		}
		t.Logf("%s: %d transactions, weight %d", b.Hash, len(b.Txs), b.Weight)
	}
}

// parentOf stands for the header before: its height is the one that the
// coinbase names, its time an hour earlier.
func parentOf(t *testing.T, b *chain.Block) *chain.HeaderNode {
	t.Helper()
	in := b.Txs[0].TxIn[0].SignatureScript
	var le [4]byte
	copy(le[:], in[1:1+in[0]])
	height := int32(binary.LittleEndian.Uint32(le[:]))
	return &chain.HeaderNode{Hash: b.Header.PrevBlock, Height: height - 1, Header: wire.BlockHeader{Timestamp: b.Header.Timestamp}}
}

// readCoins reads btcd's file: outpoint, length, then height and coinbase, the
// amount and the script in the packed forms that Core's chainstate has too.
func readCoins(raw []byte) (map[wire.OutPoint]chain.Coin, error) {
	coins := map[wire.OutPoint]chain.Coin{}
	for len(raw) > 0 {
		var op wire.OutPoint
		copy(op.Hash[:], raw)
		op.Index = binary.LittleEndian.Uint32(raw[32:])
		size := binary.LittleEndian.Uint32(raw[36:])
		r := &packed{raw: raw[40 : 40+size]}
		head := r.number()
		c := chain.Coin{Height: int32(head >> 1), Coinbase: head&1 == 1, Value: unpackAmount(r.number())}
		if c.PkScript = r.script(); r.err != nil {
			return nil, fmt.Errorf("%v: %w", op, r.err)
		}
		coins[op] = c
		raw = raw[40+size:]
	}
	return coins, nil
}

// packed reads Core's variable-length numbers and packed scripts.
type packed struct {
	raw []byte
	err error
}

func (r *packed) number() (n uint64) {
	for len(r.raw) > 0 {
		b := r.raw[0]
		r.raw = r.raw[1:]
		n = n<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return n
		}
		n++
	}
	return n
}

func unpackAmount(x uint64) btcutil.Amount {
	if x == 0 {
		return 0
	}
	x--
	e := x % 10
	x /= 10
	n := x + 1
	if e < 9 {
		n = x/9*10 + x%9 + 1
	}
	for ; e > 0; e-- {
		n *= 10
	}
	return btcutil.Amount(n)
}

func (r *packed) script() []byte {
	switch kind := r.number(); kind {
	case 0:
		return append(append([]byte{txscript.OP_DUP, txscript.OP_HASH160, 20}, r.raw...), txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
	case 1:
		return append(append([]byte{txscript.OP_HASH160, 20}, r.raw...), txscript.OP_EQUAL)
	case 2, 3:
		return append(append([]byte{33, byte(kind)}, r.raw...), txscript.OP_CHECKSIG)
	case 4, 5:
		key, err := btcec.ParsePubKey(append([]byte{byte(kind) - 2}, r.raw...))
		if err != nil {
			r.err = err
			return nil
		}
		return append(append([]byte{65}, key.SerializeUncompressed()...), txscript.OP_CHECKSIG)
	default:
		return r.raw
	}
}
