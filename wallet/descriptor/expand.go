package descriptor

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/wallet"
)

// Expand is the scripts of a descriptor at an index (below 2^31; of one that is
// not ranged, any) and, added to what out knows, what stands behind them: keys
// with their origins, scripts behind hashes, trees. combo() makes several
// scripts, all others one. ErrPrivate: a key cannot be derived. A nil out is
// told nothing.
func (d *Descriptor) Expand(index uint32, out *Provider) ([][]byte, error) {
	if out == nil {
		out = NewProvider()
	}
	return d.root.scripts(index, out)
}

// Secrets adds the private keys at an index to what out knows.
func (d *Descriptor) Secrets(index uint32, out *Provider) { d.root.secrets(index, out) }

func (e *expr) secrets(index uint32, out *Provider) {
	for _, k := range e.keys {
		if s, ok := k.secretAt(index); ok {
			out.Secrets[IDOf(s.PubKey())] = s
		}
	}
	for _, sub := range e.subs {
		sub.secrets(index, out)
	}
}

func (e *expr) scripts(index uint32, out *Provider) ([][]byte, error) {
	pubs := make([][]byte, len(e.keys))
	for i, k := range e.keys {
		o, err := k.at(index)
		if err != nil {
			return nil, err
		}
		pubs[i] = o.PubKey
		if _, known := out.Origins[IDOf(o.PubKey)]; !known {
			out.Origins[IDOf(o.PubKey)] = o
		}
	}
	subs := make([][]byte, len(e.subs))
	for i, sub := range e.subs {
		made, err := sub.scripts(index, out)
		if err != nil {
			return nil, err
		}
		subs[i] = made[0]
	}
	if e.name == "combo" {
		return combo(pubs[0], out), nil
	}
	script, err := e.make(pubs, subs, out)
	return [][]byte{script}, err
}

// make is the script of an expression whose keys and scripts are these.
func (e *expr) make(pubs, subs [][]byte, out *Provider) ([]byte, error) {
	if e.mini != nil {
		return e.miniScript(pubs, out), nil
	}
	switch e.name {
	case "pk":
		if e.xonly {
			return payToKey(pubs[0][1:]), nil
		}
		return payToKey(pubs[0]), nil
	case "pkh":
		out.AddPubKey(pubs[0])
		return payToKeyHash(pubs[0]), nil
	case "wpkh":
		out.AddPubKey(pubs[0])
		return PayToWitnessKeyHash(pubs[0]), nil
	case "multi", "sortedmulti", "multi_a", "sortedmulti_a":
		return e.multiScript(pubs)
	case "sh":
		out.AddScript(subs[0])
		return PayToScriptHash(subs[0]), nil
	case "wsh":
		out.AddScript(subs[0])
		return PayToWitnessScriptHash(subs[0]), nil
	case "tr":
		return e.treeScript(pubs[0], subs, out)
	case "rawtr":
		return wallet.WitnessScript(1, pubs[0][1:]), nil
	}
	return e.script, nil // addr, raw
}

func combo(pub []byte, out *Provider) [][]byte {
	out.AddPubKey(pub)
	all := [][]byte{payToKey(pub), payToKeyHash(pub)}
	if len(pub) == btcec.PubKeyBytesLenCompressed {
		program := PayToWitnessKeyHash(pub)
		out.AddScript(program)
		all = append(all, program, PayToScriptHash(program))
	}
	return all
}

func (e *expr) multiScript(pubs [][]byte) ([]byte, error) {
	leaf := e.name == "multi_a" || e.name == "sortedmulti_a"
	if leaf {
		for i, pub := range pubs {
			pubs[i] = pub[1:]
		}
	}
	if e.name == "sortedmulti" || e.name == "sortedmulti_a" {
		slices.SortFunc(pubs, bytes.Compare) // BIP67
	}
	if leaf {
		return multiAScript(e.need, pubs)
	}
	return MultisigScript(e.need, pubs)
}

func (e *expr) treeScript(pub []byte, subs [][]byte, out *Provider) ([]byte, error) {
	out.AddPubKey(pub)
	tree := Tree{Internal: pub[1:]}
	for i, script := range subs {
		tree.Leaves = append(tree.Leaves, Leaf{e.depths[i], byte(txscript.BaseLeafVersion), script})
	}
	key, err := tree.Output()
	if err != nil {
		return nil, fmt.Errorf("taproot output: %w", err)
	}
	output := schnorr.SerializePubKey(key)
	out.Trees[[32]byte(output)] = tree
	return wallet.WitnessScript(1, output), nil
}

// payToKey is the script that pays to a key itself; in a leaf its x.
func payToKey(pub []byte) []byte {
	return append(append([]byte{byte(len(pub))}, pub...), txscript.OP_CHECKSIG)
}

// payToKeyHash pays to a key by its hash.
func payToKeyHash(pub []byte) []byte { return wallet.PubKeyHashScript(address.Hash160(pub)) }

// PayToWitnessKeyHash pays to a key by its hash in the witness (BIP141).
func PayToWitnessKeyHash(pub []byte) []byte { return wallet.WitnessScript(0, address.Hash160(pub)) }

// PayToScriptHash pays to the hash of a script (BIP16).
func PayToScriptHash(script []byte) []byte {
	return wallet.ScriptHashScript(address.Hash160(script))
}

// PayToWitnessScriptHash pays to the hash of a witness script (BIP141).
func PayToWitnessScriptHash(script []byte) []byte {
	sum := sha256.Sum256(script)
	return wallet.WitnessScript(0, sum[:])
}

// MultisigScript is satisfied by so many of the keys' signatures.
func MultisigScript(need int, pubs [][]byte) ([]byte, error) {
	b := txscript.NewScriptBuilder().AddInt64(int64(need))
	for _, pub := range pubs {
		b.AddData(pub)
	}
	return b.AddInt64(int64(len(pubs))).AddOp(txscript.OP_CHECKMULTISIG).Script()
}

// multiAScript is BIP387's: each key adds its signature to a count.
func multiAScript(need int, xs [][]byte) ([]byte, error) {
	var s []byte
	for i, x := range xs {
		s = append(append(s, txscript.OP_DATA_32), x...)
		if i == 0 {
			s = append(s, txscript.OP_CHECKSIG)
		} else {
			s = append(s, txscript.OP_CHECKSIGADD)
		}
	}
	count, err := txscript.NewScriptBuilder().AddInt64(int64(need)).AddOp(txscript.OP_NUMEQUAL).Script()
	return append(s, count...), err
}
