package esplora

import (
	"context"
	"encoding/hex"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/rest"
)

// A broadcast whose turn does not come while all places are taken is neither decoded nor handed in: here
// there is no pool, and doing so would panic.
func TestABroadcastWaitsForAPlace(t *testing.T) {
	msg := wire.NewMsgTx(2)
	msg.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chain.Hash{1}}, nil, nil))
	msg.AddTxOut(wire.NewTxOut(1000, []byte{0x51}))
	raw := hex.EncodeToString(chain.NewTx(msg).Raw())
	h := New(&explore.API{}, rest.NewReaders())
	var at, all sync.WaitGroup
	leave := make(chan struct{})
	for range 2 { // as many as read at once
		at.Add(1)
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/api/mempool", nil)
			h.readers.Serve(httptest.NewRecorder(), r, false, func(context.Context) (rest.Form, error) {
				at.Done()
				<-leave
				return rest.Text(""), nil
			})
		})
	}
	at.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the client has gone
	for path, body := range map[string]string{"tx": raw, "txs/package": `["` + raw + `"]`} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPost, Prefix+path, strings.NewReader(body)))
		if w.Code != http.StatusInternalServerError {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	close(leave)
	all.Wait()
}
