package rawapi

import (
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain/policy"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

// descriptorRows are about output descriptors.
func (a *API) descriptorRows() []jsonrpc.Method {
	return jsonrpc.Group("Util",
		jsonrpc.Method{Name: "getdescriptorinfo", Params: "descriptor:text", Do: a.getDescriptorInfo,
			Help: "Reads an output descriptor and writes it in canonical form, with its checksum and without private keys.", Example: "'raw(51)'"},
		jsonrpc.Method{Name: "deriveaddresses", Params: "descriptor:text range:json?", Do: a.deriveAddresses,
			Help: "The addresses of an output descriptor, whose checksum must be there. One with a range needs the end of what is wanted, or begin and end in a list.", Example: "'addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)#xtjmr0v5'"},
		jsonrpc.Method{Name: "createmultisig", Params: `nrequired:int keys:["key",...] address_type:text=legacy`, Do: a.createMultisig,
			Help: "The address, script and descriptor of a coin that so many of these public keys sign for.", Example: `1 '["0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"]'`},
	)
}

type descriptorInfo struct {
	Descriptor string   `json:"descriptor"`
	Multipath  []string `json:"multipath_expansion,omitempty"`
	Checksum   string   `json:"checksum"`
	IsRange    bool     `json:"isrange"`
	IsSolvable bool     `json:"issolvable"`
	HasPrivate bool     `json:"hasprivatekeys"`
}

func (a *API) getDescriptorInfo(_ context.Context, c *jsonrpc.Call) (any, error) {
	text := c.String("descriptor")
	all, err := descriptor.ParseAll(text, a.Params.Params, false)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s", err)
	}
	body, err := descriptor.WithoutChecksum(text, false)
	if err != nil {
		return nil, err
	}
	d := all[0]
	info := descriptorInfo{
		Descriptor: d.String(), Checksum: descriptor.Checksum(body),
		IsRange: d.Ranged(), IsSolvable: d.Solvable(), HasPrivate: d.HasSecrets(),
	}
	if len(all) > 1 {
		for _, one := range all {
			info.Multipath = append(info.Multipath, one.String())
		}
	}
	return info, nil
}

func (a *API) deriveAddresses(ctx context.Context, c *jsonrpc.Call) (any, error) {
	var span show.Span
	ranged := len(c.All()) > 1
	if raw := c.Raw("range"); raw != nil {
		var err error
		if span, err = show.ReadSpan(raw); err != nil {
			return nil, err
		}
	}
	all, err := descriptor.ParseAll(c.String("descriptor"), a.Params.Params, true)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s", err)
	}
	switch {
	case !all[0].Ranged() && ranged:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range should not be specified for an un-ranged descriptor")
	case all[0].Ranged() && !ranged:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range must be specified for a ranged descriptor")
	}
	lists := make([][]string, len(all))
	for i, d := range all {
		if lists[i], err = a.addresses(ctx, d, span); err != nil {
			return nil, err
		}
	}
	if len(lists) > 1 {
		return lists, nil
	}
	return lists[0], nil
}

func (a *API) addresses(ctx context.Context, d *descriptor.Descriptor, span show.Span) ([]string, error) {
	var list []string
	for i := span.From; i <= span.To; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		scripts, err := d.Expand(uint32(i), nil)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s", err)
		}
		for _, script := range scripts {
			addr := show.Address(script, a.Params.Params)
			if _, bare := policy.PaidKey(script); addr == "" && bare && len(scripts) > 1 {
				continue // of combo()
			}
			if addr == "" {
				return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Descriptor does not have a corresponding address")
			}
			list = append(list, addr)
		}
	}
	return list, nil
}

// Multisig is what createmultisig answers.
type Multisig struct {
	Address    string   `json:"address"`
	Redeem     string   `json:"redeemScript"`
	Descriptor string   `json:"descriptor"`
	Warnings   []string `json:"warnings,omitempty"`
}

func (a *API) createMultisig(_ context.Context, c *jsonrpc.Call) (any, error) {
	var keys [][]byte
	for _, text := range c.Strings("keys") {
		key, err := ReadPubKey(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	kind := c.String("address_type")
	switch kind {
	case "legacy", "p2sh-segwit", "bech32":
	case "bech32m":
		c.Refuse(jsonrpc.CodeInvalidAddress, "createmultisig cannot create bech32m multisig addresses")
	default:
		c.Refuse(jsonrpc.CodeInvalidAddress, "Unknown address type '%s'", kind)
	}
	need := c.Int("nrequired")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return a.multisig(int(need), keys, kind)
}

// ReadPubKey reads a key in hex [HexToPubKey].
func ReadPubKey(text string) ([]byte, error) {
	key, err := hex.DecodeString(text)
	switch {
	case err != nil || text == "":
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Pubkey \"%s\" must be a hex string", show.Clip(text))
	case len(key) != btcec.PubKeyBytesLenCompressed && len(key) != uncompressedKey:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Pubkey \"%s\" must have a length of either 33 or 65 bytes", show.Clip(text))
	}
	if _, err := btcec.ParsePubKey(key); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Pubkey \"%s\" must be cryptographically valid.", text)
	}
	return key, nil
}

const (
	uncompressedKey = 65 // bytes
	maxMultisigKeys = 20 // MAX_PUBKEYS_PER_MULTISIG
)

// multisig makes the script and its address [AddAndGetMultisigDestination].
func (a *API) multisig(need int, keys [][]byte, kind string) (any, error) {
	refuse := func(format string, args ...any) (any, error) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, format, args...)
	}
	switch {
	case need < 1:
		return refuse("a multisignature address must require at least one key to redeem")
	case len(keys) < need:
		return refuse("not enough keys supplied (got %d keys, but need at least %d to redeem)", len(keys), need)
	case len(keys) > maxMultisigKeys:
		return refuse("Number of keys involved in the multisignature address creation > %d\nReduce the number", maxMultisigKeys)
	}
	inner, err := descriptor.MultisigScript(need, keys)
	if err != nil {
		return nil, err
	}
	made := kind
	for _, key := range keys {
		if len(key) == uncompressedKey {
			made = "legacy"
		}
	}
	if made == "legacy" && len(inner) > txscript.MaxScriptElementSize {
		return refuse("redeemScript exceeds size limit: %d > %d", len(inner), txscript.MaxScriptElementSize)
	}
	known := descriptor.NewProvider()
	known.AddScript(inner)
	program := descriptor.PayToWitnessScriptHash(inner)
	known.AddScript(program)
	script := map[string][]byte{"legacy": descriptor.PayToScriptHash(inner), "bech32": program, "p2sh-segwit": descriptor.PayToScriptHash(program)}[made]
	answer := Multisig{
		Address: show.Address(script, a.Params.Params), Redeem: hex.EncodeToString(inner),
		Descriptor: descriptor.Infer(script, a.Params.Params, known).String(),
	}
	if made != kind {
		answer.Warnings = []string{"Unable to make chosen address type, please ensure no uncompressed public keys are present."}
	}
	return answer, nil
}
