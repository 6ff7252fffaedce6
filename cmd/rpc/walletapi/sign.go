package walletapi

import (
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

type signError struct {
	TxID     string   `json:"txid"`
	Vout     uint32   `json:"vout"`
	Witness  []string `json:"witness"`
	Script   string   `json:"scriptSig"`
	Sequence uint32   `json:"sequence"`
	Error    string   `json:"error"`
}

// signer fills in what a transaction lacks whose coins are these.
type signer func(*wire.MsgTx, map[wire.OutPoint]chain.Coin) ([]wallet.SignProblem, error)

// signRows sign with the wallet's keys.
func (a *API) signRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "signrawtransactionwithwallet", Params: `hexstring:hex prevtxs:[{"txid":"hex","vout":n,"scriptPubKey":"hex","redeemScript":"hex","witnessScript":"hex","amount":amount},...]? sighashtype:text?`, Do: a.signWithWallet,
			Help: "Signs the inputs that are the wallet's. What they spend may be named when neither chain nor pool knows it.", Example: "02000000..."},
	)
}

// KeyRows sign with keys that the caller brings: they need no wallet.
func (a *API) KeyRows() []jsonrpc.Method {
	return jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "signrawtransactionwithkey", Params: `hexstring:hex privkeys:["privatekey",...] prevtxs:[{"txid":"hex","vout":n,"scriptPubKey":"hex","redeemScript":"hex","witnessScript":"hex","amount":amount},...]? sighashtype:text?`, Do: a.signWithKey,
			Help: "Signs the inputs that pay to these keys in any of the wallet's four kinds. The keys are not kept.", Example: `02000000... '["cVpF924EspNh8KjYsfhgY96mmxvT6DgdWiTYMtMjuM74hJaU5psW"]'`},
	)
}

func (a *API) signWithWallet(ctx context.Context, c *jsonrpc.Call) (any, error) {
	return a.sign(c, func(tx *wire.MsgTx, coins map[wire.OutPoint]chain.Coin) ([]wallet.SignProblem, error) {
		return a.Wallet.SignTx(ctx, tx, coins)
	})
}

func (a *API) signWithKey(_ context.Context, c *jsonrpc.Call) (any, error) {
	var keys []*btcec.PrivateKey
	for _, text := range c.Strings("privkeys") {
		wif, err := btcutil.DecodeWIF(text)
		if err != nil || !wif.IsForNet(a.Params.Params) || !wif.CompressPubKey {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Invalid private key") // and no word of it
		}
		keys = append(keys, wif.PrivKey)
	}
	ring := wallet.Ring(keys)
	return a.sign(c, func(tx *wire.MsgTx, coins map[wire.OutPoint]chain.Coin) ([]wallet.SignProblem, error) {
		return wallet.Sign(tx, coins, ring)
	})
}

func (a *API) sign(c *jsonrpc.Call, sign signer) (any, error) {
	if t := c.String("sighashtype"); t != "" && t != "ALL" && t != "DEFAULT" {
		c.Refuse(jsonrpc.CodeInvalidParam, "'%s' is not a sighash type that this wallet signs with", show.Clip(t))
	}
	tx, err := show.DecodeTx(c.String("hexstring"), show.AnyForm)
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	spent, err := a.spent(c, tx)
	if err != nil {
		return nil, err
	}
	signed := tx.MsgTx.Copy()
	problems, err := sign(signed, spent)
	if err != nil {
		return nil, err
	}
	answer := struct {
		Hex      string      `json:"hex"`
		Complete bool        `json:"complete"`
		Errors   []signError `json:"errors,omitempty"`
	}{Hex: hex.EncodeToString(chain.NewTx(signed).Raw()), Complete: len(problems) == 0}
	for _, p := range problems {
		in := signed.TxIn[p.Input]
		e := signError{
			TxID: in.PreviousOutPoint.Hash.String(), Vout: in.PreviousOutPoint.Index, Witness: []string{},
			Script: hex.EncodeToString(in.SignatureScript), Sequence: in.Sequence, Error: p.Why,
		}
		for _, w := range in.Witness {
			e.Witness = append(e.Witness, hex.EncodeToString(w))
		}
		answer.Errors = append(answer.Errors, e)
	}
	return answer, nil
}

// spent are the coins that a transaction spends, as the caller names them or as
// chain and pool know them.
func (a *API) spent(c *jsonrpc.Call, tx *chain.Tx) (map[wire.OutPoint]chain.Coin, error) {
	coins := map[wire.OutPoint]chain.Coin{}
	pool, view := a.Pool.Coins(), a.Ledger.View()
	for _, in := range tx.TxIn {
		for _, known := range []chain.CoinView{pool, view} {
			coin, ok, err := known.Coin(in.PreviousOutPoint)
			if err != nil {
				return nil, err
			}
			if ok {
				coins[in.PreviousOutPoint] = coin
				break
			}
		}
	}
	var named []struct {
		TxID   string         `json:"txid"`
		Vout   uint32         `json:"vout"`
		Script string         `json:"scriptPubKey"`
		Amount jsonrpc.Amount `json:"amount"`
	}
	c.Object("prevtxs", &named)
	if err := c.Err(); err != nil {
		return nil, err
	}
	for _, n := range named {
		h, err := jsonrpc.ParseHash("txid", n.TxID)
		if err != nil {
			return nil, err
		}
		script, err := hex.DecodeString(n.Script)
		if err != nil {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "scriptPubKey must be hexadecimal string (not '%s')", show.Clip(n.Script))
		}
		coins[wire.OutPoint{Hash: h, Index: n.Vout}] = chain.Coin{Value: btcutil.Amount(n.Amount), PkScript: script}
	}
	return coins, nil
}
