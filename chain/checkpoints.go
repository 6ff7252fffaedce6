package chain

import (
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/wire/v2"
)

// HoldCheckpoints sets the network's checkpoints, as Bitcoin Core had them to its release 29
// [checkpointData]: a header that would fork off before one that the tree has is refused. It is called
// before any room has the parameters. They guarded memory against headers of little work;
// minimum work and presync do that now.
func (p *Params) HoldCheckpoints() {
	switch p.Net {
	case wire.MainNet:
		p.Checkpoints = []chaincfg.Checkpoint{
			{Height: 295_000, Hash: knownHash("00000000000000004d9b4ef50f0f9d686fd69db2e03af35a100370c64632a983")},
			{Height: 279_000, Hash: knownHash("0000000000000001ae8c72a0b0c301f67e3afca10e819efa9041e458e9bd7e40")},
			{Height: 250_000, Hash: knownHash("000000000000003887df1f29024b06fc2200b55f8af8f35453d7be294df2d214")},
			{Height: 225_430, Hash: knownHash("00000000000001c108384350f74090433e7fcf79a606b8e797f065b130575932")},
			{Height: 216_116, Hash: knownHash("00000000000001b4f4b433e81ee46494af945cf96014816a4e2370f11b23df4e")},
			{Height: 210_000, Hash: knownHash("000000000000048b95347e83192f69cf0366076336c639f9b7228e9ba171342e")},
			{Height: 193_000, Hash: knownHash("000000000000059f452a5f7340de6682a977387c17010ff6e6c3bd83ca8b1317")},
			{Height: 168_000, Hash: knownHash("000000000000099e61ea72015e79632f216fe6cb33d7899acb35b75c8303b763")},
			{Height: 134_444, Hash: knownHash("00000000000005b12ffd4cd315cd34ffd4a594f430ac814c91184a0d42d2b0fe")},
			{Height: 105_000, Hash: knownHash("00000000000291ce28027faea320c8d2b054b2e0fe44a773f3eefb151d6bdc97")},
			{Height: 74_000, Hash: knownHash("0000000000573993a3c9e41ce34471c079dcf5f52a0e824a81e7f953b8661a20")},
			{Height: 33_333, Hash: knownHash("000000002dd5588a74784eaa7ab0507a18ad16a236e7b1ce69f00d7ddfb5d0a6")},
			{Height: 11_111, Hash: knownHash("0000000069e244f73d78e8fd29ba2fd2ed618bd6fa2ee92559f542fdb26e7c1d")},
		}
	case wire.TestNet3:
		p.Checkpoints = []chaincfg.Checkpoint{
			{Height: 546, Hash: knownHash("000000002a936ca763904c3c35fce2f3556c559c0214345d31b1bcebf76acb70")},
		}
	}
}

// CheckFork refuses a header that is new at height when the tree, which has says of, holds a
// checkpoint above it [GetLastCheckpoint, ContextualCheckBlockHeader].
func CheckFork(p *Params, height int32, has func(Hash) bool) error {
	for _, c := range p.Checkpoints {
		switch {
		case c.Height <= height: // and so are the rest
			return nil
		case has(*c.Hash):
			return Broken(ErrCheckpoint, "forks off before the checkpoint at height %d", c.Height)
		}
	}
	return nil
}
