package rawapi

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/psbt"
)

const examplePSBT = "cHNidP8BAAoCAAAAAAAAAAAAAA=="

// psbtRows are about partially signed transactions (BIP174).
func (a *API) psbtRows() []jsonrpc.Method {
	return jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "createpsbt", Params: txParams, Do: a.createPSBT,
			Help: "As createrawtransaction, but answers a PSBT.", Example: `'[]' '[{"data":"00"}]'`},
		jsonrpc.Method{Name: "converttopsbt", Params: "hexstring:hex permitsigdata:bool=false iswitness:bool?", Do: a.convertToPSBT,
			Help: "Makes a PSBT of a transaction. Signatures are dropped where that is permitted, else refused.", Example: "02000000..."},
		jsonrpc.Method{Name: "decodepsbt", Params: "psbt:text", Do: a.decodePSBT,
			Help: "Shows all that a PSBT says.", Example: examplePSBT},
		jsonrpc.Method{Name: "analyzepsbt", Params: "psbt:text", Do: a.analyzePSBT,
			Help: "Says what each input of a PSBT still lacks, and whose turn it is.", Example: examplePSBT},
		jsonrpc.Method{Name: "combinepsbt", Params: `txs:["psbt",...]`, Do: a.combinePSBT,
			Help: "Puts together what several copies of one PSBT know.", Example: `'["` + examplePSBT + `"]'`},
		jsonrpc.Method{Name: "joinpsbts", Params: `txs:["psbt",...]`, Do: a.joinPSBTs,
			Help: "Makes one PSBT of the inputs and outputs of several, in random order. Signatures are dropped: the transaction is another.", Example: `'["` + examplePSBT + `","` + examplePSBT + `"]'`},
		jsonrpc.Method{Name: "finalizepsbt", Params: "psbt:text extract:bool=true", Do: a.finalizePSBT,
			Help: "Makes the final scripts of what is signed. With all inputs done it answers the transaction, or with extract false the PSBT.", Example: examplePSBT},
		jsonrpc.Method{Name: "utxoupdatepsbt", Params: `psbt:text descriptors:["descriptor",{"desc":"str","range":n},...]?`, Do: a.utxoUpdatePSBT,
			Help: "Adds to a PSBT what the node knows of its coins, and descriptors of their scripts and keys.", Example: examplePSBT},
		jsonrpc.Method{Name: "descriptorprocesspsbt", Params: `psbt:text descriptors:["descriptor",{"desc":"str","range":n},...] sighashtype:text=DEFAULT bip32derivs:bool=true finalize:bool=true`, Do: a.descriptorProcessPSBT,
			Help: "As utxoupdatepsbt, and signs with the private keys that the descriptors hold.", Example: examplePSBT + ` '["raw(51)"]'`},
	)
}

// ReadPSBT reads a PSBT and refuses what is none in Core's words.
func ReadPSBT(text string) (*psbt.PSBT, error) {
	p, err := psbt.DecodeText(text)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "TX decode failed %s", err)
	}
	return p, nil
}

func readPSBT(c *jsonrpc.Call) (*psbt.PSBT, error) {
	text := c.String("psbt")
	if err := c.Err(); err != nil {
		return nil, err
	}
	return ReadPSBT(text)
}

func (a *API) createPSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := a.buildTx(c)
	if err != nil {
		return nil, err
	}
	return psbt.New(tx).Text(), nil
}

func (a *API) convertToPSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("hexstring"), show.FormOf(c))
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed")
	}
	permit := c.Bool("permitsigdata")
	if err := c.Err(); err != nil {
		return nil, err
	}
	bare := tx.MsgTx.Copy()
	for _, in := range bare.TxIn {
		if !permit && (len(in.SignatureScript) > 0 || len(in.Witness) > 0) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "Inputs must not have scriptSigs and scriptWitnesses")
		}
		in.SignatureScript, in.Witness = nil, nil
	}
	return psbt.New(bare).Text(), nil
}

// readPSBTs reads several of them.
func readPSBTs(c *jsonrpc.Call, least int, words string) ([]*psbt.PSBT, error) {
	list := c.Strings("txs")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(list) < least {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "%s", words)
	}
	all := make([]*psbt.PSBT, len(list))
	for i, text := range list {
		var err error
		if all[i], err = ReadPSBT(text); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (a *API) combinePSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	all, err := readPSBTs(c, 1, "Parameter 'txs' cannot be empty")
	if err != nil {
		return nil, err
	}
	for _, other := range all[1:] {
		if !all[0].Merge(other) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "PSBTs not compatible (different transactions)")
		}
	}
	return all[0].Text(), nil
}

func (a *API) joinPSBTs(_ context.Context, c *jsonrpc.Call) (any, error) {
	all, err := readPSBTs(c, 2, "At least two PSBTs are required to join PSBTs.")
	if err != nil {
		return nil, err
	}
	joined := psbt.New(&wire.MsgTx{Version: 1, LockTime: ^uint32(0)})
	for _, p := range all {
		if op, twice := joined.Join(p); twice {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Input %s:%d exists in multiple PSBTs", op.Hash, op.Index)
		}
	}
	joined.Shuffle(rand.Shuffle)
	return joined.Text(), nil
}

type finalized struct {
	PSBT     string `json:"psbt,omitempty"`
	Hex      string `json:"hex,omitempty"`
	Complete bool   `json:"complete"`
}

func (a *API) finalizePSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	extract := c.Bool("extract")
	p, err := readPSBT(c)
	if err != nil {
		return nil, err
	}
	answer := finalized{Complete: p.Finalize()}
	if answer.Complete && extract {
		answer.Hex = hex.EncodeToString(chain.NewTx(p.Extract()).Raw())
	} else {
		answer.PSBT = p.Text()
	}
	return answer, nil
}

// known are the keys and scripts of descriptors, at all indices of their ranges.
func (a *API) known(c *jsonrpc.Call, secrets bool) (*descriptor.Provider, error) {
	known := descriptor.NewProvider()
	var list []json.RawMessage
	if raw := c.Raw("descriptors"); raw != nil {
		_ = json.Unmarshal(raw, &list) // the row says that it is a list
	}
	for _, raw := range list {
		text, span, err := show.ReadScanObject(raw)
		if err != nil {
			return nil, err
		}
		d, err := descriptor.Parse(text, a.Params.Params, false)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s", err)
		}
		if !d.Ranged() {
			span = show.Span{}
		}
		for i := span.From; i <= span.To; i++ {
			if _, err := d.Expand(uint32(i), known); err != nil {
				return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s: '%s'", err, text)
			}
			if secrets {
				d.Secrets(uint32(i), known)
			}
		}
	}
	return known, nil
}

// addCoins adds what pool, index and chain know of the coins that it spends.
func (a *API) addCoins(p *psbt.PSBT, known *descriptor.Provider) error {
	coins, err := a.Coins(p.Tx)
	if err != nil {
		return err
	}
	for i, in := range p.Tx.TxIn {
		op := in.PreviousOutPoint
		if p.Inputs[i].Has(psbt.InNonWitness) {
			continue
		}
		tx, err := a.wholeTx(op.Hash)
		if err != nil {
			return err
		}
		if tx != nil {
			p.SetNonWitness(i, tx)
			continue
		}
		if coin, ok := coins[op]; ok && isSegwit(coin.PkScript, known) {
			p.SetWitness(i, wire.NewTxOut(int64(coin.Value), coin.PkScript))
		}
	}
	return nil
}

// wholeTx is a transaction that the pool or the index knows; nil: neither does.
func (a *API) wholeTx(id chain.Hash) (*chain.Tx, error) {
	if e, ok := a.Pool.Entry(id); ok {
		return e.Tx, nil
	}
	if !a.TxIndex {
		return nil, nil
	}
	f, _, err := a.Ledger.FindTx(id)
	return f.Tx, err
}

// isSegwit says whether an output is spent by a witness, as far as that is known.
func isSegwit(pk []byte, known *descriptor.Provider) bool {
	if txscript.IsPayToScriptHash(pk) {
		pk = known.Scripts[descriptor.ID(pk[2:22])]
	}
	return txscript.IsWitnessProgram(pk)
}

// process adds what is known to a PSBT and signs with the keys that are (Core:
// ProcessPSBT).
func (a *API) process(p *psbt.PSBT, job psbt.Job) error {
	if err := a.addCoins(p, job.Known); err != nil {
		return err
	}
	job.Tx = p.Signing()
	for i := range p.Inputs {
		if !p.Inputs[i].Done() {
			p.Sign(i, job)
		}
	}
	for i := range p.Outputs {
		p.UpdateOutput(i, job.Known)
	}
	p.DropNeedless()
	return nil
}

func (a *API) utxoUpdatePSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	known, err := a.known(c, false)
	if err != nil {
		return nil, err
	}
	p, err := readPSBT(c)
	if err != nil {
		return nil, err
	}
	if err := a.process(p, psbt.Job{Known: known, Kind: txscript.SigHashAll}); err != nil {
		return nil, err
	}
	return p.Text(), nil
}

func (a *API) descriptorProcessPSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	known, err := a.known(c, true)
	if err != nil {
		return nil, err
	}
	if !c.Bool("bip32derivs") {
		known.Origins = map[descriptor.ID]descriptor.Origin{}
	}
	job := psbt.Job{Known: known, Kind: HashType(c, "sighashtype"), Finalize: c.Bool("finalize")}
	p, err := readPSBT(c)
	if err != nil {
		return nil, err
	}
	if err := a.process(p, job); err != nil {
		return nil, err
	}
	answer := finalized{PSBT: p.Text(), Complete: true}
	for _, in := range p.Inputs {
		answer.Complete = answer.Complete && in.Done()
	}
	if answer.Complete && p.Finalize() {
		answer.Hex = hex.EncodeToString(chain.NewTx(p.Extract()).Raw())
	}
	return answer, nil
}

type analyzed struct {
	Inputs  []analyzedInput `json:"inputs,omitempty"`
	VSize   int             `json:"estimated_vsize,omitempty"`
	FeeRate *jsonrpc.Amount `json:"estimated_feerate,omitempty"`
	Fee     *jsonrpc.Amount `json:"fee,omitempty"`
	Next    string          `json:"next"`
	Error   string          `json:"error,omitempty"`
}

type analyzedInput struct {
	HasUTXO bool     `json:"has_utxo"`
	Final   bool     `json:"is_final"`
	Next    string   `json:"next"`
	Missing *missing `json:"missing,omitempty"`
}

type missing struct {
	PubKeys    []string `json:"pubkeys,omitempty"`
	Redeem     string   `json:"redeemscript,omitempty"`
	Script     string   `json:"witnessscript,omitempty"`
	Signatures []string `json:"signatures,omitempty"`
}

func (a *API) analyzePSBT(_ context.Context, c *jsonrpc.Call) (any, error) {
	p, err := readPSBT(c)
	if err != nil {
		return nil, err
	}
	found := p.Analyze(a.Policy)
	answer := analyzed{VSize: found.VSize, Next: found.Next.String(), Error: found.Fault}
	if found.Fee != nil {
		fee := jsonrpc.Amount(*found.Fee)
		answer.Fee = &fee
	}
	if found.VSize > 0 {
		rate := jsonrpc.Amount(int64(*found.Fee) * 1000 / int64(found.VSize))
		answer.FeeRate = &rate
	}
	for _, in := range found.Inputs {
		one := analyzedInput{HasUTXO: in.HasUTXO, Final: in.Final, Next: in.Next.String()}
		if d := in.Missing; d != nil {
			m := missing{PubKeys: idTexts(d.MissingPubKeys), Signatures: idTexts(d.MissingSigs), Redeem: hex.EncodeToString(d.MissingRedeem), Script: hex.EncodeToString(d.MissingScript)}
			if m.Redeem != "" || m.Script != "" || len(m.PubKeys)+len(m.Signatures) > 0 {
				one.Missing = &m
			}
		}
		answer.Inputs = append(answer.Inputs, one)
	}
	return answer, nil
}

func idTexts(ids []descriptor.ID) (list []string) {
	for _, id := range ids {
		list = append(list, hex.EncodeToString(id[:]))
	}
	return list
}
