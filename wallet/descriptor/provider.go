package descriptor

import (
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	ripemd "golang.org/x/crypto/ripemd160" //lint:ignore SA1019 Bitcoin names scripts by it

	"grapevine/wallet"
)

// ID names a key or a script by its HASH160.
type ID [20]byte

// IDOf is the name of a key or script.
func IDOf(b []byte) (id ID) {
	copy(id[:], address.Hash160(b))
	return id
}

// Origin is where a key comes from: the fingerprint of a master key and the
// path below it (BIP32).
type Origin struct {
	PubKey      []byte
	Fingerprint [4]byte
	Path        []uint32
}

// String is the origin as descriptors write it, without brackets.
func (o Origin) String() string {
	return hex.EncodeToString(o.Fingerprint[:]) + pathText(o.Path, false)
}

// PathText is a key's path as Core writes it: m/84h/1h/0h/0/5.
func PathText(path []uint32) string { return "m" + pathText(path, false) }

func pathText(path []uint32, apostrophe bool) string {
	var b strings.Builder
	mark := "h"
	if apostrophe {
		mark = "'"
	}
	for _, step := range path {
		fmt.Fprintf(&b, "/%d", step&^hardened)
		if step&hardened != 0 {
			b.WriteString(mark)
		}
	}
	return b.String()
}

// Secret is a private key; Compressed is how its public key is written.
// It has no String, so that no log shows it.
type Secret struct {
	Key        *btcec.PrivateKey
	Compressed bool
}

// ReadSecret reads a private key of a network in its wallet import format (Core:
// DecodeSecret).
func ReadSecret(text string, net *chaincfg.Params) (s Secret, ok bool) {
	wif, err := btcutil.DecodeWIF(text)
	if err != nil || !wif.IsForNet(net) {
		return s, false
	}
	return Secret{wif.PrivKey, wif.CompressPubKey}, true
}

// PubKey is the public key as outputs name it.
func (s Secret) PubKey() []byte {
	if s.Compressed {
		return s.Key.PubKey().SerializeCompressed()
	}
	return s.Key.PubKey().SerializeUncompressed()
}

// Leaf is a script of a taproot tree and how deep it lies.
type Leaf struct {
	Depth   int
	Version byte
	Script  []byte
}

// Tree is what stands behind a taproot output: its internal key, x only, and
// the scripts, from left to right.
type Tree struct {
	Internal []byte
	Leaves   []Leaf
}

// Provider is what is known of keys and scripts, to solve and to sign with
// (Core: FlatSigningProvider) [TaprootBuilder].
type Provider struct {
	Scripts map[ID][]byte     // redeem and witness scripts, both by their HASH160
	PubKeys map[ID][]byte     // keys that outputs name by their hash only
	Origins map[ID]Origin     // of keys, by the key's HASH160
	Secrets map[ID]Secret     // by the public key's HASH160
	Trees   map[[32]byte]Tree // by the output's key
}

// NewProvider knows nothing yet.
func NewProvider() *Provider {
	return &Provider{
		Scripts: map[ID][]byte{}, PubKeys: map[ID][]byte{}, Origins: map[ID]Origin{},
		Secrets: map[ID]Secret{}, Trees: map[[32]byte]Tree{},
	}
}

// AddScript remembers a redeem or witness script.
func (p *Provider) AddScript(script []byte) { p.Scripts[IDOf(script)] = script }

// AddPubKey remembers a key.
func (p *Provider) AddPubKey(pub []byte) { p.PubKeys[IDOf(pub)] = pub }

// AddSecret remembers a private key and its public one.
func (p *Provider) AddSecret(s Secret) {
	pub := s.PubKey()
	p.Secrets[IDOf(pub)] = s
	p.AddPubKey(pub)
}

// Merge adds what q knows.
func (p *Provider) Merge(q *Provider) {
	maps.Copy(p.Scripts, q.Scripts)
	maps.Copy(p.PubKeys, q.PubKeys)
	maps.Copy(p.Origins, q.Origins)
	maps.Copy(p.Secrets, q.Secrets)
	maps.Copy(p.Trees, q.Trees)
}

// SecretOf is the private key of a public one, in either form of it; of 32
// bytes, the one whose x these are.
func (p *Provider) SecretOf(pub []byte) (Secret, bool) { return ofKey(p.Secrets, pub) }

// ofKey is what is known by the HASH160 of a key, or of either key with an x.
func ofKey[T any](known map[ID]T, pub []byte) (t T, ok bool) {
	if len(pub) != schnorr.PubKeyBytesLen {
		t, ok = known[IDOf(pub)]
		return t, ok
	}
	for _, sign := range []byte{2, 3} {
		if t, ok = known[IDOf(append([]byte{sign}, pub...))]; ok {
			break
		}
	}
	return t, ok
}

// PubKeyOf is the key with that hash.
func (p *Provider) PubKeyOf(hash []byte) ([]byte, bool) {
	id := ID(hash)
	if pub, ok := p.PubKeys[id]; ok {
		return pub, true
	}
	o, ok := p.Origins[id]
	return o.PubKey, ok
}

// OriginOf is where a key comes from; of 32 bytes, the one whose x these are.
func (p *Provider) OriginOf(pub []byte) (Origin, bool) { return ofKey(p.Origins, pub) }

// node is the tree as txscript knows it; nil when there are no leaves, or the
// depths make no tree.
func (t Tree) node() txscript.TapNode {
	type part struct {
		depth int
		node  txscript.TapNode
	}
	var stack []part
	for _, leaf := range t.Leaves {
		stack = append(stack, part{leaf.Depth, txscript.NewTapLeaf(txscript.TapscriptLeafVersion(leaf.Version), leaf.Script)})
		for n := len(stack); n > 1 && stack[n-1].depth == stack[n-2].depth && stack[n-1].depth > 0; n = len(stack) {
			both := part{stack[n-1].depth - 1, txscript.NewTapBranch(stack[n-2].node, stack[n-1].node)}
			stack = append(stack[:n-2], both)
		}
	}
	if len(stack) != 1 || stack[0].depth != 0 {
		return nil
	}
	return stack[0].node
}

// Root is the merkle root of the scripts; empty when there are none.
func (t Tree) Root() []byte {
	n := t.node()
	if n == nil {
		return nil
	}
	h := n.TapHash()
	return h[:]
}

// Output is the key that the output names (BIP341).
func (t Tree) Output() (*btcec.PublicKey, error) {
	internal, err := schnorr.ParsePubKey(t.Internal)
	if err != nil {
		return nil, err
	}
	return txscript.ComputeTaprootOutputKey(internal, t.Root()), nil
}

// ControlBlocks are the proofs (BIP341) that each leaf is in the tree.
func (t Tree) ControlBlocks() ([][]byte, error) {
	output, err := t.Output()
	if err != nil {
		return nil, err
	}
	odd := output.SerializeCompressed()[0] & 1
	paths := map[int][]byte{}
	n := 0
	var walk func(txscript.TapNode, []byte)
	walk = func(at txscript.TapNode, path []byte) {
		if at.Left() == nil {
			paths[n] = path
			n++
			return
		}
		l, r := at.Left().TapHash(), at.Right().TapHash()
		walk(at.Left(), append(append([]byte{}, r[:]...), path...))
		walk(at.Right(), append(append([]byte{}, l[:]...), path...))
	}
	if root := t.node(); root != nil {
		walk(root, nil)
	}
	blocks := make([][]byte, len(t.Leaves))
	for i, leaf := range t.Leaves {
		blocks[i] = append(append([]byte{leaf.Version | odd}, t.Internal...), paths[i]...)
	}
	return blocks, nil
}

// IDOfProgram is the name of the script behind a version 0 witness program of 32 bytes.
func IDOfProgram(program []byte) ID {
	h := ripemd.New()
	h.Write(program) // a hash never fails
	return ID(h.Sum(nil))
}

// AddOwn makes a key good for all that a wallet pays to it by: by itself, by
// its hash, in a witness, behind a script hash, and as a taproot output.
func (p *Provider) AddOwn(s Secret) {
	p.AddSecret(s)
	if !s.Compressed {
		return
	}
	pub := s.PubKey()
	p.AddScript(PayToWitnessKeyHash(pub))
	tree := Tree{Internal: pub[1:]}
	if output, err := tree.Output(); err == nil {
		p.Trees[[32]byte(output.SerializeCompressed()[1:])] = tree
	}
}

// ToKey are the scripts that pay to a key by itself: by its hash, in a witness, behind
// a script hash, and as a taproot output.
func ToKey(pub []byte) [][]byte {
	id := IDOf(pub)
	list := [][]byte{wallet.PubKeyHashScript(id[:])}
	if len(pub) != btcec.PubKeyBytesLenCompressed {
		return list
	}
	program := PayToWitnessKeyHash(pub)
	list = append(list, program, PayToScriptHash(program))
	if output, err := (Tree{Internal: pub[1:]}).Output(); err == nil {
		list = append(list, wallet.WitnessScript(1, output.SerializeCompressed()[1:]))
	}
	return list
}
