package walletapi

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
)

func (a *API) importPrunedFunds(ctx context.Context, c *jsonrpc.Call) (any, error) {
	tx, err := show.DecodeTx(c.String("rawtransaction"), show.AnyForm)
	if err != nil {
		c.Refuse(jsonrpc.CodeDeserialization, "TX decode failed. Make sure the tx has at least one input.")
	}
	raw := c.Bytes("txoutproof", jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "proof must be hexadecimal string (not '%s')", c.String("txoutproof")))
	if err := c.Err(); err != nil {
		return nil, err
	}
	var m wire.MsgMerkleBlock
	if err := m.BtcDecode(bytes.NewReader(raw), wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "DataStream::read(): end of data: iostream error")
	}
	root, ids, places, ok := chain.ProofIn(&m).ExtractPlaces()
	if !ok || root != m.Header.MerkleRoot {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Something wrong with merkleblock")
	}
	if err := a.Wallet.Settle(ctx, nil); err != nil {
		return nil, err
	}
	n, _, known := a.Ledger.Lookup(chain.HeaderHash(&m.Header))
	if !known || a.Ledger.AtHeight(n.Height) != n {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Block not found in chain")
	}
	at := slices.Index(ids, tx.ID)
	if at < 0 {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Transaction given doesn't exist in proof")
	}
	if count := a.Ledger.TxCount(n.Hash); count > 0 && count != int(m.Transactions) { // the tree has been cut off above its leaves
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "Something wrong with merkleblock")
	}
	err = a.Wallet.ImportTx(ctx, tx, n, int(places[at]))
	if errors.Is(err, wallet.ErrNotOurs) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidAddress, "No addresses in wallet correspond to included transaction")
	}
	return nil, err
}

func (a *API) removePrunedFunds(ctx context.Context, c *jsonrpc.Call) (any, error) {
	id := c.Hash("txid")
	if err := c.Err(); err != nil {
		return nil, err
	}
	err := a.Wallet.RemoveTx(ctx, id)
	if errors.Is(err, wallet.ErrUnknownTx) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeWallet, "Transaction %s does not belong to this wallet", id)
	}
	return nil, err
}
