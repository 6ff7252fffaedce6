package chain

import "github.com/btcsuite/btcd/wire/v2"

// Snapshot is a coin set that the network's parameters vouch for [AssumeutxoData].
type Snapshot struct {
	Height int32
	Block  Hash   // at which the set stands
	Coins  Hash   // its hash_serialized_3
	Txs    uint64 // of the chain up to there
}

func knownSnapshot(height int32, block, coins string, txs uint64) Snapshot {
	return Snapshot{height, *knownHash(block), *knownHash(coins), txs}
}

// Snapshots are those of the network, the lowest first. Each release of Core adds some; these are of 28.1. Regtest's
// are for tests: who runs such a network may load any.
func (p *Params) Snapshots() []Snapshot {
	switch {
	case p.Net == wire.MainNet:
		return []Snapshot{knownSnapshot(840_000, "0000000000000000000320283a032748cef8227873ff4872689bf23f1cda83a5",
			"a2a5521b1b5ab65f67818e5e8eccabb7171a517f9e2382208f77687310768f96", 991_032_194)}
	case p.Net == wire.TestNet3:
		return []Snapshot{knownSnapshot(2_500_000, "0000000000000093bcb68c03a9a168ae252572d348a2eaeba2cdf9231d73206f",
			"f841584909f68e47897952345234e37fcd9128cd818f41ee6c3ca68db8071be7", 66_484_552)}
	case p.Net == SigNet(nil).Net:
		return []Snapshot{knownSnapshot(160_000, "0000003ca3c99aff040f2563c2ad8f8ec88bd0fd6b8f0895cfaf1ef90353a62c",
			"fe0a44309b74d6b5883d246cb419c6221bcccf0b308c9b59b7d70783dbdf928a", 2_289_496)}
	case p.Local():
		const coins299 = "a4bf3407ccb2cc0145c49ebba8fa91199f8a3903daf0883875941497d2493c27"
		return []Snapshot{
			knownSnapshot(110, "696e92821f65549c7ee134edceeeeaaa4105647a3c4fd9f298c0aec0ab50425c", "6657b736d4fe4db0cbc796789e812d5dba7f5c143764b1b6905612f1830609d1", 111),
			knownSnapshot(200, "5e93653318f294fb5aa339d00bbf8cf1c3515488ad99412c37608b139ea63b27", "4f34d431c3e482f6b0d67b64609ece3964dc8d7976d02ac68dd7c9c1421738f2", 201),
			knownSnapshot(299, "3bb7ce5eba0be48939b7a521ac1ba9316afee2c7bada3a0cca24188e6d7d96c0", coins299, 334),
			knownSnapshot(299, "0300fa441b815903744564ef7eb87199b056e7ddb56283c51b6c40b1d6257b21", coins299, 334),
		}
	}
	return nil
}

// Snapshot is the one that stands at a block; ok is false when none does [AssumeutxoForBlockhash].
func (p *Params) Snapshot(block Hash) (s Snapshot, ok bool) {
	for _, s := range p.Snapshots() {
		if s.Block == block {
			return s, true
		}
	}
	return Snapshot{}, false
}

// NetworkOf is Core's name for the network whose messages begin so; ok is false when none is known
// [GetNetworkForMagic].
func NetworkOf(magic wire.BitcoinNet) (name string, ok bool) {
	switch magic {
	case wire.MainNet:
		return "main", true
	case wire.TestNet3:
		return "test", true
	case wire.TestNet4:
		return "testnet4", true
	case SigNet(nil).Net:
		return "signet", true
	case wire.TestNet:
		return "regtest", true
	}
	return "", false
}
