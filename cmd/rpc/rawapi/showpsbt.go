package rawapi

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/psbt"
)

type shownPSBT struct {
	Tx          jsonrpc.Encoded   `json:"tx"`
	XPubs       []shownXPub       `json:"global_xpubs"`
	Version     uint32            `json:"psbt_version"`
	Proprietary []proprietary     `json:"proprietary"`
	Unknown     map[string]string `json:"unknown"`
	Inputs      []shownInput      `json:"inputs"`
	Outputs     []shownOutput     `json:"outputs"`
	Fee         *jsonrpc.Amount   `json:"fee,omitempty"`
}

type shownXPub struct {
	XPub        string `json:"xpub"`
	Fingerprint string `json:"master_fingerprint"`
	Path        string `json:"path"`
}

type proprietary struct {
	Identifier string `json:"identifier"`
	SubType    uint64 `json:"subtype"`
	Key        string `json:"key"`
	Value      string `json:"value"`
}

type shownInput struct {
	Witness      *shownCoin        `json:"witness_utxo,omitempty"`
	NonWitness   jsonrpc.Encoded   `json:"non_witness_utxo,omitempty"`
	PartialSigs  map[string]string `json:"partial_signatures,omitempty"`
	SigHash      *string           `json:"sighash,omitempty"`
	Redeem       *shownScript      `json:"redeem_script,omitempty"`
	Script       *shownScript      `json:"witness_script,omitempty"`
	Origins      []shownOrigin     `json:"bip32_derivs,omitempty"`
	FinalSig     *show.ScriptSig   `json:"final_scriptSig,omitempty"`
	FinalWitness []string          `json:"final_scriptwitness,omitempty"`
	Ripemd160    map[string]string `json:"ripemd160_preimages,omitempty"`
	SHA256       map[string]string `json:"sha256_preimages,omitempty"`
	Hash160      map[string]string `json:"hash160_preimages,omitempty"`
	Hash256      map[string]string `json:"hash256_preimages,omitempty"`
	TapKeySig    string            `json:"taproot_key_path_sig,omitempty"`
	TapSigs      []shownTapSig     `json:"taproot_script_path_sigs,omitempty"`
	TapScripts   []shownTapScript  `json:"taproot_scripts,omitempty"`
	TapOrigins   []shownTapOrigin  `json:"taproot_bip32_derivs,omitempty"`
	TapInternal  string            `json:"taproot_internal_key,omitempty"`
	TapRoot      string            `json:"taproot_merkle_root,omitempty"`
	Proprietary  []proprietary     `json:"proprietary,omitempty"`
	Unknown      map[string]string `json:"unknown,omitempty"`
}

type shownOutput struct {
	Redeem      *shownScript      `json:"redeem_script,omitempty"`
	Script      *shownScript      `json:"witness_script,omitempty"`
	Origins     []shownOrigin     `json:"bip32_derivs,omitempty"`
	TapInternal string            `json:"taproot_internal_key,omitempty"`
	TapTree     []shownLeaf       `json:"taproot_tree,omitempty"`
	TapOrigins  []shownTapOrigin  `json:"taproot_bip32_derivs,omitempty"`
	Proprietary []proprietary     `json:"proprietary,omitempty"`
	Unknown     map[string]string `json:"unknown,omitempty"`
}

type shownCoin struct {
	Amount jsonrpc.Amount `json:"amount"`
	Script show.Script    `json:"scriptPubKey"`
}

type shownScript struct {
	Asm  string `json:"asm"`
	Hex  string `json:"hex"`
	Type string `json:"type"`
}

type shownOrigin struct {
	PubKey      string `json:"pubkey"`
	Fingerprint string `json:"master_fingerprint"`
	Path        string `json:"path"`
}

type shownTapOrigin struct {
	shownOrigin
	Leaves []string `json:"leaf_hashes"`
}

type shownTapSig struct {
	PubKey string `json:"pubkey"`
	Leaf   string `json:"leaf_hash"`
	Sig    string `json:"sig"`
}

type shownTapScript struct {
	Script   string   `json:"script"`
	Version  int      `json:"leaf_ver"`
	Controls []string `json:"control_blocks"`
}

type shownLeaf struct {
	Depth   int    `json:"depth"`
	Version int    `json:"leaf_ver"`
	Script  string `json:"script"`
}

func (a *API) decodePSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	p, err := readPSBT(c)
	if err != nil {
		return nil, err
	}
	net := a.Params.Params
	shown := shownPSBT{
		Tx: show.NewTx(chain.NewTx(p.Tx), net, show.Detail{}), XPubs: shownXPubs(p.Global),
		Proprietary: append([]proprietary{}, shownProprietary(p.Global)...), Unknown: hexMap(p.Global.Unknown(psbt.GlobalKinds())),
		Inputs: []shownInput{}, Outputs: []shownOutput{},
	}
	for i := range p.Inputs {
		shown.Inputs = append(shown.Inputs, a.shownInput(p, i))
	}
	for _, out := range p.Outputs {
		shown.Outputs = append(shown.Outputs, newShownOutput(out))
	}
	shown.Fee = feeOf(p)
	return shown, nil
}

// feeOf is what inputs have over outputs; nil: that is not known.
func feeOf(p *psbt.PSBT) *jsonrpc.Amount {
	var in, out btcutil.Amount
	good := func(v btcutil.Amount) bool { return v >= 0 && v <= chain.MaxMoney }
	for i := range p.Inputs {
		coin, ok := p.UTXO(i)
		if !ok || !good(btcutil.Amount(coin.Value)) || !good(in+btcutil.Amount(coin.Value)) {
			return nil
		}
		in += btcutil.Amount(coin.Value)
	}
	for _, o := range p.Tx.TxOut {
		if !good(btcutil.Amount(o.Value)) || !good(out+btcutil.Amount(o.Value)) {
			return nil
		}
		out += btcutil.Amount(o.Value)
	}
	fee := jsonrpc.Amount(in - out)
	return &fee
}

func (a *API) shownInput(p *psbt.PSBT, i int) shownInput {
	m, net := p.Inputs[i], a.Params.Params
	s := shownInput{
		Redeem: newShownScript(m.Get(psbt.InRedeem)), Script: newShownScript(m.Get(psbt.InScript)),
		PartialSigs: hexRecords(m.All(psbt.InPartialSig)), Origins: shownOrigins(m.All(psbt.InOrigin)),
		Ripemd160: hexRecords(m.All(psbt.InRipemd160)), SHA256: hexRecords(m.All(psbt.InSHA256)),
		Hash160: hexRecords(m.All(psbt.InHash160)), Hash256: hexRecords(m.All(psbt.InHash256)),
		TapKeySig: hex.EncodeToString(m.Get(psbt.InTapKeySig)), TapInternal: hex.EncodeToString(m.Get(psbt.InTapInternal)),
		TapRoot: hex.EncodeToString(m.Get(psbt.InTapRoot)), TapScripts: shownTapScripts(m.All(psbt.InTapLeaf)),
		TapOrigins:  shownTapOrigins(m.All(psbt.InTapOrigin)),
		Proprietary: shownProprietary(m), Unknown: hexMap(m.Unknown(psbt.InputKinds())),
	}
	if out := m.WitnessUTXO(); out != nil {
		s.Witness = &shownCoin{jsonrpc.Amount(out.Value), show.NewScript(out.PkScript, net)}
	}
	if tx, err := chain.DecodeTx(m.Get(psbt.InNonWitness)); err == nil {
		s.NonWitness = show.NewTx(tx, net, show.Detail{})
	}
	if raw := m.Get(psbt.InSigHash); raw != nil {
		name := show.SigHashName(txscript.SigHashType(raw[0]))
		s.SigHash = &name
	}
	if raw := m.Get(psbt.InFinalSig); len(raw) > 0 {
		txin := show.NewScriptSig(raw)
		s.FinalSig = &txin
	}
	for _, item := range m.FinalWitness() {
		s.FinalWitness = append(s.FinalWitness, hex.EncodeToString(item))
	}
	for _, r := range m.All(psbt.InTapScriptSig) {
		s.TapSigs = append(s.TapSigs, shownTapSig{hex.EncodeToString(r.Key[:32]), hex.EncodeToString(r.Key[32:]), hex.EncodeToString(r.Value)})
	}
	return s
}

func newShownOutput(m psbt.Map) shownOutput {
	s := shownOutput{
		Redeem: newShownScript(m.Get(psbt.OutRedeem)), Script: newShownScript(m.Get(psbt.OutScript)),
		Origins: shownOrigins(m.All(psbt.OutOrigin)), TapInternal: hex.EncodeToString(m.Get(psbt.OutTapInternal)),
		TapOrigins:  shownTapOrigins(m.All(psbt.OutTapOrigin)),
		Proprietary: shownProprietary(m), Unknown: hexMap(m.Unknown(psbt.OutputKinds())),
	}
	leaves, _ := psbt.TapTree(m.Get(psbt.OutTapTree)) // it was read before
	for _, l := range leaves {
		s.TapTree = append(s.TapTree, shownLeaf{l.Depth, int(l.Version), hex.EncodeToString(l.Script)})
	}
	return s
}

func newShownScript(script []byte) *shownScript {
	if len(script) == 0 {
		return nil
	}
	return &shownScript{show.Asm(script), hex.EncodeToString(script), show.ScriptType(script)}
}

func shownXPubs(m psbt.Map) []shownXPub {
	list := []shownXPub{}
	for _, r := range m.All(psbt.GlobalXPub) {
		o := psbt.Origin(r.Value)
		key := base58.CheckEncode(r.Key[1:], r.Key[0])
		list = append(list, shownXPub{key, hex.EncodeToString(o.Fingerprint[:]), descriptor.PathText(o.Path)})
	}
	return list
}

func shownProprietary(m psbt.Map) (list []proprietary) {
	for _, r := range m.All(psbt.Proprietary) {
		key := bytes.NewReader(r.Key)
		id, err := wire.ReadVarBytes(key, 0, uint32(len(r.Key)), "identifier")
		if err != nil {
			continue // unreachable: the key was read before
		}
		kind, _ := wire.ReadVarInt(key, 0)
		list = append(list, proprietary{hex.EncodeToString(id), kind, hex.EncodeToString([]byte{psbt.Proprietary}) + hex.EncodeToString(r.Key), hex.EncodeToString(r.Value)})
	}
	return list
}

func shownOrigins(records []psbt.Record) (list []shownOrigin) {
	for _, r := range records {
		list = append(list, newShownOrigin(r.Key, psbt.Origin(r.Value)))
	}
	return list
}

func newShownOrigin(key []byte, o descriptor.Origin) shownOrigin {
	return shownOrigin{hex.EncodeToString(key), hex.EncodeToString(o.Fingerprint[:]), descriptor.PathText(o.Path)}
}

func shownTapOrigins(records []psbt.Record) (list []shownTapOrigin) {
	for _, r := range records {
		leaves, o := psbt.TapOrigin(r.Value)
		s := shownTapOrigin{newShownOrigin(r.Key, o), []string{}}
		for _, leaf := range leaves {
			s.Leaves = append(s.Leaves, hex.EncodeToString(leaf))
		}
		list = append(list, s)
	}
	return list
}

// shownTapScripts puts the control blocks of one script together.
func shownTapScripts(records []psbt.Record) (list []shownTapScript) {
	at := map[string]int{}
	for _, r := range records {
		i, ok := at[string(r.Value)]
		if !ok {
			n := len(r.Value) - 1
			i = len(list)
			list = append(list, shownTapScript{Script: hex.EncodeToString(r.Value[:n]), Version: int(r.Value[n])})
			at[string(r.Value)] = i
		}
		list[i].Controls = append(list[i].Controls, hex.EncodeToString(r.Key))
	}
	return list
}

func hexRecords(records []psbt.Record) map[string]string {
	m := map[string]string{}
	for _, r := range records {
		m[hex.EncodeToString(r.Key)] = hex.EncodeToString(r.Value)
	}
	return m
}

func hexMap(records psbt.Map) map[string]string {
	m := map[string]string{}
	for k, v := range records {
		m[hex.EncodeToString([]byte(k))] = hex.EncodeToString(v)
	}
	return m
}
