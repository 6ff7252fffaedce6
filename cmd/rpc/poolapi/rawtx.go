package poolapi

import (
	"context"
	"strconv"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// rawRows show transactions.
func (a *API) rawRows() []jsonrpc.Method {
	return jsonrpc.Group("Rawtransactions",
		jsonrpc.Method{Name: "getrawtransaction", Params: "txid:hex verbosity|verbose:level=0 blockhash:hex?", Do: a.getRawTransaction,
			Help: "A transaction of the pool, of the chain (with the index of transactions) or of the block named. Verbosity 0 gives its bytes in hex, 1 an object, 2 of one in a block also its fee and what it spends.", Example: "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b 1"},
	)
}

// Found is a transaction and the block it is in; Block is nil in the pool.
type Found struct {
	Tx    *chain.Tx
	Block *chain.HeaderNode
	Place int // in the block
}

func (a *API) getRawTransaction(_ context.Context, c *jsonrpc.Call) (any, error) {
	id, verbosity := c.Hash("txid", "parameter 1"), c.Verbosity("verbosity")
	var f Found
	var err error
	if c.Has("blockhash") {
		f, err = a.findIn(id, c.Hash("blockhash", "parameter 3"))
	} else {
		f, err = a.Find(id)
	}
	if cerr := c.Err(); cerr != nil {
		return nil, cerr
	}
	if err != nil {
		return nil, err
	}
	if verbosity <= 0 {
		return jsonrpc.Hex(f.Tx.Raw()), nil
	}
	text := []byte{'{'}
	if c.Has("blockhash") {
		text = append(strconv.AppendBool(append(text, `"in_active_chain":`...), f.Block.IsAncestorOf(a.Ledger.Tip())), ',')
	}
	return jsonrpc.Encoded(a.appendFound(text, f, verbosity > 1)), nil
}

// Show is what getrawtransaction and /rest/tx answer.
func (a *API) Show(f Found) (any, error) {
	return jsonrpc.Encoded(a.appendFound([]byte{'{'}, f, false)), nil
}

// appendFound ends an object with a transaction in full, with what it spends and its fee if asked [TxToJSON].
func (a *API) appendFound(dst []byte, f Found, spent bool) []byte {
	d := show.Detail{Hex: true}
	if spent && f.Block != nil && !f.Tx.IsCoinbase() { // of one in the pool Core says no more
		d.Spent, d.Prevout = a.spent(f), true
	}
	dst = show.AppendTx(dst, f.Tx, a.Params.Params, d)
	if f.Block == nil {
		return append(dst, '}')
	}
	confirmations := max(show.Confirmations(f.Block, a.Ledger.Tip()), 0)
	dst = show.AppendHash(append(dst, `,"blockhash":"`...), f.Block.Hash)
	dst = strconv.AppendInt(append(dst, `","confirmations":`...), int64(confirmations), 10)
	if confirmations > 0 {
		at := f.Block.Header.Timestamp.Unix()
		dst = strconv.AppendInt(append(dst, `,"time":`...), at, 10)
		dst = strconv.AppendInt(append(dst, `,"blocktime":`...), at, 10)
	}
	return append(dst, '}')
}

// Find looks in the pool, then by the index of transactions [GetTransaction].
func (a *API) Find(id chain.Hash) (Found, error) {
	if e, ok := a.Pool.Entry(id); ok {
		return Found{Tx: e.Tx}, nil
	}
	if err := a.notGenesis(id); err != nil {
		return Found{}, err
	}
	where := "No such mempool transaction. Use -txindex or provide a block hash to enable blockchain transaction queries"
	if a.TxIndex {
		where = "No such mempool or blockchain transaction"
		f, ok, err := a.Ledger.FindTx(id)
		if err != nil || ok {
			return Found(f), err
		}
	}
	return Found{}, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "%s. Use gettransaction for wallet transactions.", where)
}

// notGenesis refuses the first coinbase: its coin does not exist.
func (a *API) notGenesis(id chain.Hash) error {
	if id != a.Params.GenesisBlock.Header.MerkleRoot {
		return nil
	}
	return jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved")
}

func (a *API) findIn(id, block chain.Hash) (Found, error) {
	if err := a.notGenesis(id); err != nil {
		return Found{}, err
	}
	node, _, ok := a.Ledger.Lookup(block)
	if !ok {
		return Found{}, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Block hash not found")
	}
	if f, ok, err := a.Ledger.FindTx(id); ok && err == nil && f.Block == node { // by the index, without reading all of the block
		return Found(f), nil
	}
	b, err := a.Ledger.Block(block)
	if err != nil {
		return Found{}, jsonrpc.Errorf(jsonrpc.CodeMisc, "Block not available")
	}
	for i, tx := range b.Txs {
		if tx.ID == id {
			return Found{Tx: tx, Block: node, Place: i}, nil
		}
	}
	return Found{}, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress,
		"No such transaction found in the provided block. Use gettransaction for wallet transactions.")
}

// SpentBy are the coins that a transaction spends, by input; nil when nobody knows them any more.
func (a *API) SpentBy(f Found) []chain.Coin {
	if f.Block != nil {
		return a.spent(f)
	}
	coins, _, err := a.Pool.Spends(f.Tx.ID)
	if err != nil {
		return nil
	}
	return coins
}

// spent are the coins that the inputs of a transaction in a block spend; nil
// when nobody knows them any more.
func (a *API) spent(f Found) []chain.Coin {
	all, err := a.Ledger.Spent(f.Block.Hash)
	if err != nil || f.Place >= len(all) {
		return nil // a block that was never connected has no record of it
	}
	return all[f.Place]
}

// decodeTx reads a transaction in hex and refuses it in Core's words.
func decodeTx(s, refusal string) (*chain.Tx, error) {
	tx, err := show.DecodeTx(s, show.WithWitness)
	if err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeDeserialization, "%s", refusal)
	}
	return tx, nil
}
