package chainapi

import (
	"bytes"
	"context"
	"encoding/hex"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// proofRows prove that transactions are in blocks.
func (a *API) proofRows() []jsonrpc.Method {
	return jsonrpc.Group("Blockchain",
		jsonrpc.Method{Name: "gettxoutproof", Params: `txids:["txid",...] blockhash:hex?`, Do: a.getTxOutProof,
			Help: "A proof in hex that transactions are in one block: a partial merkle tree, as merkleblock carries it (BIP37). Without a blockhash the block is found where an output is unspent, or by the transaction index.", Example: `'["TXID"]'`},
		jsonrpc.Method{Name: "verifytxoutproof", Params: "proof:hex", Do: a.verifyTxOutProof,
			Help: "The txids that a proof of gettxoutproof proves, none if it is no proof. An error if its block is not in the verified chain.", Example: "PROOF"},
	)
}

// getTxOutProof proves that transactions are in a block [CMerkleBlock].
func (a *API) getTxOutProof(_ context.Context, c *jsonrpc.Call) (any, error) {
	ids, err := proofIDs(c)
	if err != nil {
		return nil, err
	}
	var n *chain.HeaderNode
	if c.Has("blockhash") {
		n, _, err = a.lookup(&c.Params, "blockhash")
	} else {
		n, err = a.blockOf(ids)
	}
	if err != nil {
		return nil, err
	}
	b, err := a.Ledger.Block(n.Hash)
	if err != nil {
		return nil, a.bodyError(err)
	}
	wanted := map[chain.Hash]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	all, marked, found := make([]chain.Hash, len(b.Txs)), make([]bool, len(b.Txs)), 0
	for i, tx := range b.Txs {
		if all[i] = tx.ID; wanted[tx.ID] {
			marked[i] = true
			found++
		}
	}
	if found != len(ids) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Not all transactions found in specified or retrieved block")
	}
	var buf bytes.Buffer
	if err := chain.NewProof(all, marked).Message(b.Header).BtcEncode(&buf, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		return nil, err
	}
	return hex.EncodeToString(buf.Bytes()), nil
}

func proofIDs(c *jsonrpc.Call) (ids []chain.Hash, err error) {
	texts := c.Strings("txids")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if len(texts) == 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Parameter 'txids' cannot be empty")
	}
	seen := map[chain.Hash]bool{}
	for _, text := range texts {
		id, err := jsonrpc.ParseHash("txid", text)
		if err != nil {
			return nil, err
		}
		if seen[id] {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Invalid parameter, duplicated txid: %s", text)
		}
		seen[id] = true
		ids = append(ids, id)
	}
	return ids, nil
}

// blockOf finds the block that one of the transactions is in: where the index is kept
// by that, else by an output that nobody has spent yet.
func (a *API) blockOf(ids []chain.Hash) (*chain.HeaderNode, error) {
	f, ok, err := a.Ledger.FindTx(ids[0])
	if err != nil || ok {
		return f.Block, err
	}
	for _, id := range ids {
		coin, ok, err := a.Ledger.View().CoinOf(id)
		if err != nil {
			return nil, err
		}
		if ok {
			return a.atHeight(int64(coin.Height))
		}
	}
	return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Transaction not yet in block")
}

func (a *API) verifyTxOutProof(_ context.Context, c *jsonrpc.Call) (any, error) {
	raw := c.Bytes("proof", jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "proof must be hexadecimal string (not '%s')", c.String("proof")))
	if err := c.Err(); err != nil {
		return nil, err
	}
	var m wire.MsgMerkleBlock
	if err := m.BtcDecode(bytes.NewReader(raw), wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "DataStream::read(): end of data: iostream error")
	}
	proof := chain.ProofIn(&m)
	root, ids, ok := proof.Extract()
	proved := []string{}
	if !ok || root != m.Header.MerkleRoot {
		return proved, nil
	}
	hash := chain.HeaderHash(&m.Header)
	n, _, known := a.Ledger.Lookup(hash)
	count := a.Ledger.TxCount(hash)
	if !known || a.Ledger.AtHeight(n.Height) != n || count == 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Block not found in chain")
	}
	if count == int(proof.Total) { // or the tree has been cut off above its leaves
		for _, id := range ids {
			proved = append(proved, id.String())
		}
	}
	return proved, nil
}
