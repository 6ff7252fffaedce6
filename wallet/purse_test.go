package wallet_test

import (
	"encoding/binary"
	"testing"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	. "grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// purse is a set of coins with their keys.
type purse struct {
	keys    *Keys
	paths   map[string]KeyPath
	scripts map[KeyPath][]byte
	coins   []Coin
}

func newPurse(t *testing.T) *purse {
	t.Helper()
	keys, err := NewKeys([]byte("a seed for tests, always the same"), chain.RegTest())
	if err != nil {
		t.Fatal(err)
	}
	return &purse{keys: keys, paths: map[string]KeyPath{}, scripts: map[KeyPath][]byte{}}
}

func (p *purse) script(t *testing.T, b Branch, i uint32) []byte {
	t.Helper()
	path := KeyPath{b, i}
	if s := p.scripts[path]; s != nil {
		return s
	}
	s, err := p.keys.Script(path)
	if err != nil {
		t.Fatal(err)
	}
	p.paths[string(s)], p.scripts[path] = path, s
	return s
}

// add puts coins of these values into the purse, confirmed and deep.
func (p *purse) add(t *testing.T, kind Kind, values ...btcutil.Amount) {
	t.Helper()
	for _, v := range values {
		n := len(p.coins)
		var op wire.OutPoint
		binary.BigEndian.PutUint32(op.Hash[:], uint32(n))
		p.coins = append(p.coins, Coin{
			OutPoint: op, Value: v, Kind: kind, Confirmations: 10,
			Script: p.script(t, Branch{kind, false}, uint32(n%7)),
		})
	}
}

// provider knows the keys of all scripts that were asked for.
func (p *purse) provider(t *testing.T) *descriptor.Provider {
	t.Helper()
	known := descriptor.NewProvider()
	for _, path := range p.paths {
		key, err := p.keys.PrivKey(path)
		if err != nil {
			t.Fatal(err)
		}
		known.AddOwn(descriptor.Secret{Key: key, Compressed: true})
	}
	return known
}
