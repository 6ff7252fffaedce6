package chain

import (
	"fmt"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// Params is a Bitcoin network: chaincfg's description of it, and what the
// rules need beyond that. Treat it as read-only once a room has it [CChainParams].
type Params struct {
	*chaincfg.Params

	CSVHeight    int32 // BIP68, BIP112 and BIP113 hold from this height
	SegwitHeight int32 // BIP141, BIP143 and BIP147 hold from this height

	// Forks are the soft forks by version bits (BIP9), in Core's order; taproot's rules hold all
	// the same for all blocks but ScriptExceptions.
	Forks            []Deployment
	SignalThreshold  int32 // blocks of a period that must signal [nRuleChangeActivationThreshold]
	WarnVersionsFrom int32 // unknown bits below this height are not warned of [MinBIP9WarningHeight]

	// MinimumChainWork is the least work of a chain worth downloading [nMinimumChainWork].
	MinimumChainWork Work
	// AssumeValid is a block whose ancestors' scripts are taken as good; nil: none [defaultAssumeValid].
	AssumeValid *Hash

	// Checkpoints are blocks before which no fork is taken once they are known, the highest first.
	// Bitcoin Core has given them up, and there are none unless HoldCheckpoints was called.
	Checkpoints []chaincfg.Checkpoint

	// SignetChallenge is the script that signs blocks (BIP325); nil: none does.
	SignetChallenge []byte

	// ScriptExceptions are blocks that broke P2SH or taproot before these
	// were rules: the flags that hold for them in place of the usual ones.
	ScriptExceptions map[Hash]txscript.ScriptFlags
	// BIP30Exceptions are the two blocks that repeated an older coinbase.
	BIP30Exceptions map[Hash]int32
}

// Local says whether the network is a private one for tests: loopback and
// private addresses count there, and nothing is delayed for privacy's sake.
func (p *Params) Local() bool { return p.Net == wire.TestNet }

// Activate sets the height from which a soft fork holds; fork is Bitcoin
// Core's name for it in -testactivationheight. It is for regtest, before any
// room has the parameters.
func (p *Params) Activate(fork string, height int32) error {
	if height < 0 {
		return fmt.Errorf("activate %s: height %d is negative", fork, height)
	}
	heights := map[string]*int32{
		"bip34":  &p.BIP0034Height,
		"dersig": &p.BIP0066Height,
		"cltv":   &p.BIP0065Height,
		"csv":    &p.CSVHeight,
		"segwit": &p.SegwitHeight,
	}
	at, ok := heights[fork]
	if !ok {
		return fmt.Errorf("activate %s: bip34, dersig, cltv, csv and segwit can be", fork)
	}
	*at = height
	return nil
}

// Genesis is the first header of the network.
func (p *Params) Genesis() *HeaderNode {
	return NewHeaderNode(nil, p.GenesisBlock.Header)
}
