package gossip

import (
	"errors"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/gossip/blocks"
	"grapevine/p2p/gossip/txs"
)

// verdictText is a broken rule as Core writes it: the word, then what it is about.
func verdictText(err error) string {
	var broken *chain.RuleError
	if errors.As(err, &broken) && broken.Detail != "" {
		return string(broken.Rule) + ", " + broken.Detail
	}
	return err.Error()
}

// invText is what an entry names, for the log [CInv::ToString].
type invText struct{ *wire.InvVect }

func (t invText) String() string {
	kind := "unknown"
	switch t.Type {
	case wire.InvTypeTx:
		kind = "tx"
	case wire.InvTypeWitnessTx:
		kind = "witness-tx"
	case txs.InvTypeWTx:
		kind = "wtx"
	case wire.InvTypeBlock:
		kind = "block"
	case wire.InvTypeWitnessBlock:
		kind = "witness-block"
	case wire.InvTypeFilteredBlock:
		kind = "merkleblock"
	case blocks.InvTypeCompact:
		kind = "cmpctblock"
	}
	return kind + " " + t.Hash.String()
}
