package chain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/chaintest"
)

func TestNetworksAreWhatBitcoinCoreSays(t *testing.T) {
	for _, tc := range []struct {
		name, genesis, magic, port, hrp, work, assumed string
		bip34, bip65, bip66, csv, segwit, halving      int32
		limit                                          string
		timespan                                       time.Duration
		easy, fixed, bip94                             bool
	}{
		{"mainnet", "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", "f9beb4d9", "8333", "bc",
			"0000000000000000000000000000000000000000dee8e2a309ad8a9820433c68", "00000000000000000000611fd22f2df7c8fbd0688745c3a6c3bb5109cc2a12cb",
			227931, 388381, 363725, 419328, 481824, 210000, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1209600 * time.Second, false, false, false},
		{"testnet3", "000000000933ea01ad0ee984209779baaec3ced90fa3f408719526f8d77f4943", "0b110907", "18333", "tb",
			"000000000000000000000000000000000000000000000f209695166be8b61fa9", "000000000000000465b1a66c9f386308e8c75acef9201f3f577811da09fc90ad",
			21111, 581885, 330776, 770112, 834624, 210000, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1209600 * time.Second, true, false, false},
		{"testnet4", "00000000da84f2bafbbc53dee25a72ae507ff4914b867c565be350b0da8bf043", "1c163f28", "48333", "tb",
			"00000000000000000000000000000000000000000000034a4690fe592dc49c7c", "000000000000000180a58e7fa3b0db84b5ea76377524894f53660d93ac839d9b",
			1, 1, 1, 1, 1, 210000, "ffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 1209600 * time.Second, true, false, true},
		{"signet", "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6", "0a03cf40", "38333", "tb",
			"0000000000000000000000000000000000000000000000000000067d328e681a", "000000128586e26813922680309f04e1de713c7542fee86ed908f56368aefe2e",
			1, 1, 1, 1, 1, 210000, "377ae000000000000000000000000000000000000000000000000000000", 1209600 * time.Second, false, false, false},
		{"regtest", "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206", "fabfb5da", "18444", "bcrt",
			"0000000000000000000000000000000000000000000000000000000000000000", "",
			1, 1, 1, 1, 0, 150, "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", 86400 * time.Second, true, true, false},
	} {
		p, err := chain.ForNetwork(tc.name)
		if err != nil {
			t.Fatal(err)
		}
		same := func(what string, got, want any) {
			if got != want {
				t.Errorf("%s: %s is %v, want %v", tc.name, what, got, want)
			}
		}
		magic := []byte{byte(p.Net), byte(p.Net >> 8), byte(p.Net >> 16), byte(p.Net >> 24)}
		assumed := ""
		if p.AssumeValid != nil {
			assumed = p.AssumeValid.String()
		}
		same("genesis", p.Genesis().Hash.String(), tc.genesis)
		same("genesis field", p.GenesisHash.String(), tc.genesis)
		same("magic", hex.EncodeToString(magic), tc.magic)
		same("port", p.DefaultPort, tc.port)
		same("address prefix", p.Bech32HRPSegwit, tc.hrp)
		same("least work", p.MinimumChainWork.String(), tc.work)
		same("assumed valid", assumed, tc.assumed)
		same("heights", [5]int32{p.BIP0034Height, p.BIP0065Height, p.BIP0066Height, p.CSVHeight, p.SegwitHeight},
			[5]int32{tc.bip34, tc.bip65, tc.bip66, tc.csv, tc.segwit})
		same("halving", p.SubsidyReductionInterval, tc.halving)
		same("limit", p.PowLimit.Text(16), tc.limit)
		same("period", p.TargetTimespan, tc.timespan)
		same("spacing", p.TargetTimePerBlock, 600*time.Second)
		same("easy blocks", p.ReduceMinDifficulty, tc.easy)
		same("no retargeting", p.PoWNoRetargeting, tc.fixed)
		same("BIP94", p.EnforceBIP94, tc.bip94)
		same("maturity", p.CoinbaseMaturity, uint16(100))
		same("local", p.Local(), tc.name == "regtest")
		if err := chain.CheckWork(p, &p.GenesisBlock.Header); err != nil {
			t.Errorf("%s: genesis: %v", tc.name, err)
		}
	}
	if _, err := chain.ForNetwork("moonnet"); err == nil {
		t.Error("any name is a network")
	}
}

func TestEveryKnownHashIsTypedRight(t *testing.T) {
	p := chain.MainNet()
	if len(p.ScriptExceptions) != 2 || len(p.BIP30Exceptions) != 2 {
		t.Fatal("an exception is lost")
	}
	for _, p := range []*chain.Params{chain.MainNet(), chain.TestNet3(), chain.TestNet4(), chain.SigNet(nil)} {
		if p.AssumeValid == nil {
			t.Errorf("%s has no assumed valid block", p.Name)
		}
	}
}

func TestScriptRulesBeginAtTheirHeights(t *testing.T) {
	const (
		old  = txscript.ScriptBip16 | txscript.ScriptVerifyWitness | txscript.ScriptVerifyTaproot
		der  = txscript.ScriptVerifyDERSignatures
		cltv = txscript.ScriptVerifyCheckLockTimeVerify
		csv  = txscript.ScriptVerifyCheckSequenceVerify
		null = txscript.ScriptStrictMultiSig
	)
	main := chain.MainNet()
	for _, tc := range []struct {
		height int32
		hash   string
		want   txscript.ScriptFlags
	}{
		{1, "", old},
		{170060, "00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22", 0},
		{363724, "", old},
		{363725, "", old | der},
		{388380, "", old | der},
		{388381, "", old | der | cltv},
		{419327, "", old | der | cltv},
		{419328, "", old | der | cltv | csv},
		{481823, "", old | der | cltv | csv},
		{481824, "", old | der | cltv | csv | null},
		{692261, "0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad", old&^txscript.ScriptVerifyTaproot | der | cltv | csv | null},
		{900000, "", chain.ConsensusFlags},
	} {
		if got := chain.ScriptFlags(main, headerAt(tc.height, tc.hash)); got != tc.want {
			t.Errorf("height %d: got %x, want %x", tc.height, got, tc.want)
		}
	}
	if got := chain.ScriptFlags(chain.RegTest(), headerAt(1, "")); got != chain.ConsensusFlags {
		t.Errorf("regtest: got %x", got)
	}
	if chain.StandardFlags&chain.ConsensusFlags != chain.ConsensusFlags {
		t.Error("relay asks for less than consensus")
	}
}

// headerAt is a header at a height, with this hash as people write it.
func headerAt(height int32, hash string) *chain.HeaderNode {
	n := &chain.HeaderNode{Height: height}
	raw, _ := hex.DecodeString(hash)
	slices.Reverse(raw)
	copy(n.Hash[:], raw)
	return n
}

func TestSoftForksOfRegtestBeginWhereTold(t *testing.T) {
	p := chain.RegTest()
	for i, fork := range []string{"bip34", "dersig", "cltv", "csv", "segwit"} {
		if err := p.Activate(fork, int32(10*(i+1))); err != nil {
			t.Fatal(err)
		}
	}
	got := [5]int32{p.BIP0034Height, p.BIP0066Height, p.BIP0065Height, p.CSVHeight, p.SegwitHeight}
	if got != [5]int32{10, 20, 30, 40, 50} {
		t.Fatalf("got %v", got)
	}
	if p.Activate("taproot", 1) == nil || p.Activate("csv", -1) == nil {
		t.Fatal("what cannot be set is set")
	}
	if chain.RegTest().CSVHeight != 1 {
		t.Fatal("all of regtest changed")
	}
	// Witnesses may be in a block from the height at which segwit holds.
	rows := chaintest.Grow(t, p, p.Genesis(), chaintest.Times(49))
	for height, rule := range map[int]chain.Rule{49: chain.ErrUnexpectedWitness, 50: ""} {
		m := chaintest.Mine(t, p, rows[height-2].Node, chaintest.With(witnessTx(t, 1, 10)))
		if err := checkBoth(p, m); rule != "" {
			want(t, "too early", err, rule, true)
		} else if err != nil {
			t.Error(err)
		}
	}
}

// signetBlock is a block on signet's genesis whose commitment carries solution.
func signetBlock(t *testing.T, p *chain.Params, solution []byte) *chain.Block {
	t.Helper()
	easy := *p
	easy.Params = chain.RegTest().Params                                 // so that it is mined at once
	late := chaintest.At(p.GenesisBlock.Header.Timestamp.Add(time.Hour)) // so that minimum difficulty is allowed
	m := chaintest.Mine(t, &easy, p.Genesis(), late, chaintest.Tamper(func(b *wire.MsgBlock) {
		chaintest.Commit(b)
		out := b.Transactions[0].TxOut[1]
		if solution != nil {
			push := append([]byte("\xec\xc7\xda\xa2"), solution...)
			out.PkScript = append(append(out.PkScript, byte(len(push))), push...)
		}
	}))
	return m.Block
}

func TestSignetBlocksNeedTheirChallengeMet(t *testing.T) {
	anyone := chain.SigNet([]byte{txscript.OP_TRUE})
	number := chain.SigNet([]byte{txscript.OP_7, txscript.OP_EQUAL})
	witness := chain.SigNet(append([]byte{0, 32}, sha(txscript.OP_7, txscript.OP_EQUAL)...))
	for _, tc := range []struct {
		name     string
		p        *chain.Params
		solution []byte
		good     bool
	}{
		{"anyone, no solution", anyone, nil, true},
		{"anyone, empty script and witness", anyone, []byte{0, 0}, true},
		{"anyone, bytes after the witness", anyone, []byte{0, 0, 0}, false},
		{"anyone, cut short", anyone, []byte{0}, false},
		{"anyone, a witness where none may be", anyone, []byte{0, 1, 1, 7}, false},
		{"the number in the script", number, []byte{1, txscript.OP_7, 0}, true},
		{"another number", number, []byte{1, txscript.OP_8, 0}, false},
		{"no number", number, nil, false},
		{"the number in the witness", witness, []byte{0, 2, 1, 7, 2, txscript.OP_7, txscript.OP_EQUAL}, true},
		{"another witness", witness, []byte{0, 2, 1, 8, 2, txscript.OP_7, txscript.OP_EQUAL}, false},
	} {
		err := chain.CheckBlock(tc.p, signetBlock(t, tc.p, tc.solution))
		if tc.good && err != nil {
			t.Errorf("%s: %v", tc.name, err)
		} else if !tc.good {
			want(t, tc.name, err, chain.ErrSignetSolution, false)
		}
	}
	bare := chaintest.Mine(t, chain.RegTest(), chain.RegTest().Genesis())
	want(t, "no commitment", chain.CheckBlock(anyone, bare.Block), chain.ErrSignetSolution, false)
	if err := chain.CheckBlock(anyone, chain.NewBlock(anyone.GenesisBlock)); err != nil {
		t.Errorf("genesis is not signed: %v", err)
	}
	if anyone.Net == number.Net || bytes.Equal(anyone.SignetChallenge, number.SignetChallenge) {
		t.Error("networks of two challenges talk to each other")
	}
}

func sha(b ...byte) []byte {
	h := sha256.Sum256(b)
	return h[:]
}
