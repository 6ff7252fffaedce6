package chain

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/chainhash/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// ForNetwork finds a network by Bitcoin Core's name for it, or the name that
// the command line uses.
func ForNetwork(name string) (*Params, error) {
	switch name {
	case "regtest":
		return RegTest(), nil
	case "mainnet", "main":
		return MainNet(), nil
	case "testnet3", "test":
		return TestNet3(), nil
	case "testnet4":
		return TestNet4(), nil
	case "signet":
		return SigNet(nil), nil
	}
	return nil, fmt.Errorf("network %q is not known", name)
}

// The networks' values are those of Bitcoin Core 30 (September 2025), though RPC and
// policy follow 31; testnet3's, which is on its way out, are those of 28.1. Minimum work and assumed-valid blocks only save work and guard
// against made-up chains: each release of Core raises them, and with older ones
// more is checked, never less.

// RegTest is the network for testing: every soft fork holds from block 1,
// segwit and taproot from genesis.
func RegTest() *Params {
	p := chaincfg.RegressionNetParams
	p.BIP0034Height, p.BIP0065Height, p.BIP0066Height = 1, 1, 1
	p.TargetTimespan = 24 * time.Hour
	return &Params{Params: &p, CSVHeight: 1, SegwitHeight: 0, SignalThreshold: 108,
		Forks: forks(Deployment{Start: 0, Timeout: NoTimeout}, Deployment{Start: AlwaysActive, Timeout: NoTimeout})}
}

// forks are the deployments of a network: one for tests and taproot.
func forks(dummy, taproot Deployment) []Deployment {
	dummy.Name, dummy.Bit = "testdummy", 28
	taproot.Name, taproot.Bit = "taproot", 2
	return []Deployment{dummy, taproot}
}

// MainNet is the network on which bitcoin is money.
func MainNet() *Params {
	p := chaincfg.MainNetParams
	return &Params{
		Params:           &p,
		CSVHeight:        419_328,
		SegwitHeight:     481_824,
		SignalThreshold:  1815, // 90%
		WarnVersionsFrom: 711_648,
		Forks: forks(Deployment{Start: NeverActive, Timeout: NoTimeout},
			Deployment{Start: 1_619_222_400, Timeout: 1_628_640_000, MinHeight: 709_632}), // 24 April to 11 August 2021
		MinimumChainWork: workOfHex("dee8e2a309ad8a9820433c68"),
		AssumeValid:      knownHash("00000000000000000000611fd22f2df7c8fbd0688745c3a6c3bb5109cc2a12cb"), // height 912,683
		ScriptExceptions: map[Hash]txscript.ScriptFlags{
			// Spends a P2SH output by the rules of before P2SH (2012).
			*knownHash("00000000000002dc756eebf4f49723ed8d30cc28a5f108eb94b1ba88ac4f9c22"): 0,
			// Spends a version 1 output by the rules of before taproot (2021).
			*knownHash("0000000000000000000f14c35b2d841e986ab5441de8c585d5ffe55ea1e395ad"): txscript.ScriptBip16 | txscript.ScriptVerifyWitness,
		},
		BIP30Exceptions: map[Hash]int32{
			*knownHash("00000000000a4d0a398161ffc163c503763b1f4360639393e0e4c8e300e0caec"): 91_842,
			*knownHash("00000000000743f190a18c5577a3c2d2a1f610ae9601ac046a38084ccb7cd721"): 91_880,
		},
	}
}

// TestNet3 is the public test network of before BIP94: a block may have minimum difficulty
// twenty minutes after the one before, also one from which a new difficulty is reckoned.
func TestNet3() *Params {
	p := chaincfg.TestNet3Params
	p.DNSSeeds = append(slices.Clone(p.DNSSeeds), chaincfg.DNSSeed{Host: "seed.testnet.achownodes.xyz", HasFiltering: true})
	return &Params{
		Params:           &p,
		CSVHeight:        770_112,
		SegwitHeight:     834_624,
		SignalThreshold:  1512, // 75%
		WarnVersionsFrom: 836_640,
		Forks: forks(Deployment{Start: NeverActive, Timeout: NoTimeout},
			Deployment{Start: 1_619_222_400, Timeout: 1_628_640_000}), // 24 April to 11 August 2021
		MinimumChainWork: workOfHex("0f209695166be8b61fa9"),
		AssumeValid:      knownHash("000000000000000465b1a66c9f386308e8c75acef9201f3f577811da09fc90ad"), // height 2,873,500
		ScriptExceptions: map[Hash]txscript.ScriptFlags{
			// Spends a P2SH output by the rules of before P2SH (2012).
			*knownHash("00000000dd30457c001f4095d208cc1296b0eed002427aa599874af7a432b105"): 0,
		},
	}
}

// TestNet4 is the public test network of BIP94.
func TestNet4() *Params {
	p := chaincfg.TestNet4Params
	return &Params{
		Params:           &p,
		CSVHeight:        1,
		SegwitHeight:     1,
		SignalThreshold:  1512, // 75%
		Forks:            forks(Deployment{Start: NeverActive, Timeout: NoTimeout}, Deployment{Start: AlwaysActive, Timeout: NoTimeout}),
		MinimumChainWork: workOfHex("034a4690fe592dc49c7c"),
		AssumeValid:      knownHash("000000000000000180a58e7fa3b0db84b5ea76377524894f53660d93ac839d9b"), // height 91,000
	}
}

// SigNet is a test network whose blocks are signed (BIP325); nil is the public
// one's challenge.
func SigNet(challenge []byte) *Params {
	custom := challenge != nil
	if !custom {
		challenge = chaincfg.DefaultSignetChallenge
	}
	p := chaincfg.CustomSignetParams(challenge, nil)
	p.Net = signetMagic(challenge)
	net := &Params{Params: &p, CSVHeight: 1, SegwitHeight: 1, SignetChallenge: challenge, SignalThreshold: 1815,
		Forks: forks(Deployment{Start: NeverActive, Timeout: NoTimeout}, Deployment{Start: AlwaysActive, Timeout: NoTimeout})}
	if !custom {
		p.DNSSeeds = chaincfg.DefaultSignetDNSSeeds
		net.MinimumChainWork = workOfHex("067d328e681a")
		net.AssumeValid = knownHash("000000128586e26813922680309f04e1de713c7542fee86ed908f56368aefe2e") // height 267,665
	}
	return net
}

// signetMagic marks the messages of a signet: the hash of its challenge begins
// with it, so that networks of other challenges do not talk to each other.
func signetMagic(challenge []byte) wire.BitcoinNet {
	var buf bytes.Buffer
	_ = wire.WriteVarBytes(&buf, 0, challenge) // a bytes.Buffer takes everything
	hash := chainhash.DoubleHashH(buf.Bytes())
	return wire.BitcoinNet(binary.LittleEndian.Uint32(hash[:4]))
}

// knownHash reads a hash written in this file.
func knownHash(digits string) *Hash {
	h, err := chainhash.NewHashFromStr(digits)
	if err != nil {
		return nil // a typing error here, which the tests show
	}
	return h
}

// workOfHex reads work written in this file.
func workOfHex(digits string) Work {
	n, _ := new(big.Int).SetString(digits, 16)
	return workOfInt(n)
}
