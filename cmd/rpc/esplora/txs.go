package esplora

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/poolapi"
	"grapevine/cmd/rpc/rest"
	"grapevine/cmd/rpc/show"
)

func (h *Handler) find(s string) (poolapi.Found, error) {
	id, err := parseHash(s, "txid")
	if err != nil {
		return poolapi.Found{}, err
	}
	return h.Pool.Find(id)
}

func (h *Handler) show(f poolapi.Found) transaction {
	return newTx(f.Tx, h.Pool.SpentBy(f), h.Chain.Params.Params, f.Block)
}

func (h *Handler) tx(_ context.Context, args []string) (rest.Form, error) {
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(h.show(f))
}

func (h *Handler) txStatus(_ context.Context, args []string) (rest.Form, error) {
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(newStatus(f.Block))
}

func (h *Handler) txHex(_ context.Context, args []string) (rest.Form, error) {
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return rest.Text(hex.EncodeToString(f.Tx.Raw())), nil
}

func (h *Handler) txRaw(_ context.Context, args []string) (rest.Form, error) {
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return rest.Whole("application/octet-stream", f.Tx.Raw()), nil
}

// mined finds a transaction of the chain with the txids of its block.
func (h *Handler) mined(s string) (f poolapi.Found, ids []chain.Hash, err error) {
	if f, err = h.find(s); err != nil {
		return f, nil, err
	}
	if f.Block == nil {
		return f, nil, rest.Refused(http.StatusNotFound, "Transaction not found or is unconfirmed")
	}
	ids, err = h.IDs(f.Block)
	return f, ids, err
}

func (h *Handler) merkleBlock(_ context.Context, args []string) (rest.Form, error) {
	f, ids, err := h.mined(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	marked := make([]bool, len(ids))
	marked[f.Place] = true
	var buf bytes.Buffer
	if err := chain.NewProof(ids, marked).Message(f.Block.Header).BtcEncode(&buf, wire.ProtocolVersion, wire.BaseEncoding); err != nil {
		return rest.Form{}, err
	}
	return rest.Text(hex.EncodeToString(buf.Bytes())), nil
}

func (h *Handler) merkleProof(_ context.Context, args []string) (rest.Form, error) {
	f, ids, err := h.mined(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(struct {
		Height int32    `json:"block_height"`
		Merkle []string `json:"merkle"`
		Pos    int      `json:"pos"`
	}{f.Block.Height, show.Hashes(chain.Branch(ids, f.Place)), f.Place})
}

// spending says whether an output is spent, and by what.
type spending struct {
	Spent  bool    `json:"spent"`
	TxID   string  `json:"txid,omitempty"`
	Vin    *uint32 `json:"vin,omitempty"`
	Status *status `json:"status,omitempty"`
}

func newSpending(s explore.Spending) spending {
	if s.Tx == (chain.Hash{}) {
		return spending{}
	}
	at := newStatus(s.Block)
	return spending{true, s.Tx.String(), &s.Vin, &at}
}

func (h *Handler) outSpend(ctx context.Context, args []string) (rest.Form, error) {
	n, err := parseNumber(args[1], "output number")
	if err != nil {
		return rest.Form{}, err
	}
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	if n >= len(f.Tx.TxOut) {
		return asJSON(spending{}) // as electrs: nothing spends it
	}
	s, err := h.SpentBy(ctx, f, uint32(n))
	if err != nil {
		return rest.Form{}, err
	}
	return asJSON(newSpending(s))
}

// maxOutSpends bounds the outputs whose spenders are looked up at once: each may be a long history.
const maxOutSpends = 1000

func (h *Handler) outSpends(ctx context.Context, args []string) (rest.Form, error) {
	f, err := h.find(args[0])
	if err != nil {
		return rest.Form{}, err
	}
	if len(f.Tx.TxOut) > maxOutSpends {
		return rest.Form{}, bad("the transaction has more than %d outputs: ask for each of them", maxOutSpends)
	}
	list := make([]spending, len(f.Tx.TxOut))
	for i := range list {
		s, err := h.SpentBy(ctx, f, uint32(i))
		if err != nil {
			return rest.Form{}, err
		}
		list[i] = newSpending(s)
	}
	return asJSON(list)
}

// maxBroadcast bounds the body of a broadcast: hex of the largest standard transaction, and of a package of
// them.
const (
	maxBroadcast = 2*policy.MaxWeight + 1024
	maxPackage   = 4 << 20
)

// broadcast hands in what a POST holds.
func (h *Handler) broadcast(w http.ResponseWriter, r *http.Request, path string) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		refuse(w, http.StatusMethodNotAllowed, "Invalid method")
		return
	}
	most, do := int64(maxBroadcast), h.sendTx
	if path != "tx" {
		most, do = maxPackage, h.sendPackage
	}
	body, end, err := h.readers.Body(w, r, most)
	defer end()
	if err != nil {
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusBadRequest, "the body did not come whole, or is too large")
		return
	}
	h.readers.Serve(w, r, false, func(context.Context) (rest.Form, error) { return do(r, body) })
}

func (h *Handler) sendTx(r *http.Request, body []byte) (rest.Form, error) {
	id, err := h.Pool.SendHex(r.Context(), string(bytes.TrimSpace(body)))
	if err != nil {
		return rest.Form{}, refusal("sendrawtransaction", err)
	}
	return rest.Text(id.String()), nil
}

// refusal is what the RPC method says, as electrs passes it on.
func refusal(method string, err error) error {
	if rpc, ok := errors.AsType[*jsonrpc.Error](err); ok {
		text, _ := json.Marshal(rpc) // a number and a string always encode
		return bad("%s RPC error: %s", method, text)
	}
	return err
}

// sendPackage takes a JSON array of transactions in hex, and ?maxfeerate=BTC/kvB.
func (h *Handler) sendPackage(r *http.Request, body []byte) (rest.Form, error) {
	var list []string
	if json.Unmarshal(body, &list) != nil || len(list) == 0 || len(list) > policy.MaxPackageCount {
		return rest.Form{}, bad("want a JSON array of 1 to %d transactions in hex", policy.MaxPackageCount)
	}
	most := poolapi.DefaultMaxRate
	if text := r.URL.Query().Get("maxfeerate"); text != "" {
		rate, err := strconv.ParseFloat(text, 64)
		if err != nil || rate < 0 || rate >= 1 {
			return rest.Form{}, bad("Invalid maxfeerate")
		}
		most = policy.FeeRate(rate * btcutil.SatoshiPerBitcoin)
	}
	txs := make([]*chain.Tx, len(list))
	for i, text := range list {
		var err error
		if txs[i], err = show.DecodeTx(text, show.WithWitness); err != nil {
			return rest.Form{}, bad("Invalid transaction hex for item %d", i)
		}
	}
	result, err := h.Pool.SendPackage(r.Context(), txs, most)
	if err != nil {
		return rest.Form{}, refusal("submitpackage", err)
	}
	return asJSON(result)
}
