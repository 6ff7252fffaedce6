package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"

	"grapevine/chain"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/testnet"
	"grapevine/testnet/process"
	"grapevine/wallet"
)

// crashes is how often the node with the wallets is killed; `make twins` asks for more.
func crashes(t *testing.T) int {
	t.Helper()
	const usual = 6
	if s := os.Getenv("GRAPEVINE_TEST_CRASHES"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return usual
}

// A node with two wallets that pay each other is killed with -9 again and again; one of
// them is being encrypted meanwhile. What was acknowledged is there after each start, what
// the wallets have is what the chain says, and once encryptwallet has answered nothing of the
// keys is in clear any more.
func TestWalletsKeepWhatTheyAcknowledged(t *testing.T) {
	c := newCrashNetwork(t, 1, testnet.Spec{Conf: []string{"keypool=20"}})
	const life = 5 // kills until two fresh wallets take the place of the two
	p, told := (*pair)(nil), &toll{}
	for round := range crashes(t) {
		if round%life == 0 {
			p.retire(t)
			p = newPair(t, c, round/life, told)
		}
		p.killOnce(t, round)
		if t.Failed() {
			t.Fatalf("round %d\n%s", round, lastOf(t, process.LogPath(c.net.Members[0])))
		}
	}
	t.Logf("%d kills; before the answer of encryptwallet %d, of them %d left it encrypted; after it %d", crashes(t), told.before, told.whole, told.after)
}

// promise is an address that a wallet has acknowledged, its own or one that was brought along.
type promise struct {
	of            int
	address       string
	label, orElse string // orElse: the node was killed before it said whether it has taken that
}

type payment struct {
	of   int
	txid string
}

// pair are two wallets, of which the second is encrypted at some time.
type pair struct {
	c     *crashNetwork
	names [2]string
	told  *toll

	mu       sync.Mutex
	promises []*promise
	sent     []payment
	traces   map[string][]byte // what the second must not have in clear
	words    string            // of the second
	sealed   bool              // encryptwallet was acknowledged, or found done after a kill
}

const (
	crashPassphrase = "a passphrase"
	nobody          = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"
)

func newPair(t *testing.T, c *crashNetwork, n int, told *toll) *pair {
	t.Helper()
	p := &pair{c: c, names: [2]string{fmt.Sprint("plain", n), fmt.Sprint("sealed", n)}, traces: map[string][]byte{}, told: told}
	for i, name := range p.names {
		c.call(t, 0, "createwallet", nil, name, false, false, nil, false, true, true)
		var to string
		p.must(t, i, "getnewaddress", &to)
		for range 3 {
			c.call(t, 0, "generatetoaddress", nil, 1, to)
		}
	}
	c.call(t, 0, "generatetoaddress", nil, 100, nobody)
	var w words
	p.must(t, 1, "walletwords", &w)
	p.words = w.Words
	p.noteKeys(t)
	return p
}

// toll counts kills: before encryptwallet answered, those of them that left the wallet
// encrypted, and after it.
type toll struct{ before, whole, after int }

func (p *pair) call(ctx context.Context, of int, method string, result any, params ...any) error {
	m := p.c.net.Members[0]
	cl, err := client.Dial(m.RPC+"/wallet/"+p.names[of], m.User, m.Password)
	if err != nil {
		return err
	}
	defer cl.Close()
	return cl.Call(ctx, method, result, params...)
}

func (p *pair) must(t *testing.T, of int, method string, result any, params ...any) {
	t.Helper()
	if err := p.call(t.Context(), of, method, result, params...); err != nil {
		t.Fatalf("%s: %s: %v", p.names[of], method, err)
	}
}

func (p *pair) retire(t *testing.T) {
	if p == nil {
		return
	}
	for _, name := range p.names {
		p.c.call(t, 0, "unloadwallet", nil, name, false)
	}
}

// noteKeys notes what the second wallet has of private, as text and as bytes.
func (p *pair) noteKeys(t *testing.T) {
	t.Helper()
	p.traces["words"] = []byte(p.words)
	seed, _, err := wallet.Seed(p.words, "")
	if err != nil {
		t.Fatal(err)
	}
	p.traces["seed"], p.traces["seed in hex"] = seed, []byte(hex.EncodeToString(seed))
	var list struct{ Descriptors []struct{ Desc string } }
	p.must(t, 1, "listdescriptors", &list, true)
	for _, d := range list.Descriptors {
		for _, word := range strings.FieldsFunc(d.Desc, func(r rune) bool { return strings.ContainsRune("()[]/,", r) }) {
			if key, err := hdkeychain.NewKeyFromString(word); err == nil && key.IsPrivate() {
				private, err := key.ECPrivKey()
				if err != nil {
					t.Fatal(err)
				}
				p.traces[word], p.traces[word+" as bytes"] = []byte(word), private.Serialize()
			}
		}
	}
	if len(p.traces) < 5 {
		t.Fatalf("no private keys are to be looked for: %d traces", len(p.traces))
	}
}

// inClear are the traces in whatever lies in the second wallet's directory.
func (p *pair) inClear(t *testing.T) (list []string) {
	t.Helper()
	dir := filepath.Join(p.c.net.Members[0].DataDir, "wallets", p.names[1])
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for what, trace := range p.traces {
			if bytes.Contains(raw, trace) {
				list = append(list, e.Name()+": "+what)
			}
		}
	}
	slices.Sort(list)
	return list
}

// killOnce lets the wallets work for a while, kills their node, and looks at what is left.
func (p *pair) killOnce(t *testing.T, round int) {
	t.Helper()
	if !p.sealed && len(p.inClear(t)) == 0 {
		t.Fatal("a wallet that is not encrypted holds its keys where they are not looked for")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var work sync.WaitGroup
	for i := range p.names {
		rng := rand.New(rand.NewPCG(p.c.rng.Uint64(), uint64(i)))
		work.Go(func() { p.live(ctx, t, i, rng) })
	}
	encrypting := !p.sealed && p.c.rng.IntN(2) == 0
	time.Sleep(time.Duration(p.c.rng.IntN(100)) * time.Millisecond)
	if encrypting {
		work.Go(func() {
			if p.call(ctx, 1, "encryptwallet", nil, crashPassphrase) == nil {
				p.mu.Lock()
				p.sealed = true
				p.mu.Unlock()
			}
		})
		time.Sleep(time.Duration(p.c.rng.IntN(600)) * time.Millisecond)
	}
	err := p.c.Kill(t.Context(), 0)
	cancel()
	work.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if p.sealed && encrypting {
		p.told.after++
	}
	if left := p.inClear(t); p.sealed && len(left) > 0 {
		t.Errorf("round %d: in clear after encryptwallet has answered: %q", round, left)
	}
	m, err := p.c.Start(t.Context(), 0)
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	p.c.net.Members[0] = m
	p.c.join(t, m)
	p.checkSeal(t, encrypting)
	p.checkPromises(t)
	p.checkMoney(t)
}

// live has a wallet do one thing after the other until the node is killed.
func (p *pair) live(ctx context.Context, t *testing.T, of int, rng *rand.Rand) {
	for n := 0; ctx.Err() == nil; n++ {
		var err error
		switch rng.IntN(7) {
		case 0, 1, 2:
			err = p.payTheOther(ctx, of, fmt.Sprintf("é %d", n), 1000+rng.IntN(1_000_000))
		case 3, 4:
			err = p.relabel(ctx, of, rng, fmt.Sprintf("again %d", n))
		case 5:
			err = p.bring(ctx, of, rng, fmt.Sprintf("brought %d", n))
		case 6:
			err = p.call(ctx, of, "generatetoaddress", nil, 1, nobody)
		}
		e, refused := errors.AsType[*client.Error](err)
		switch {
		case !refused && err != nil:
			return // it was killed
		case refused && !slices.Contains([]int{-13, -6, -4, -28, -9}, e.Code): // locked, no coins that are confirmed, busy
			t.Errorf("%s: %v (%d)", p.names[of], err, e.Code)
		}
	}
}

func (p *pair) payTheOther(ctx context.Context, of int, label string, amount int) error {
	var to, txid string
	other := 1 - of
	if err := p.call(ctx, other, "getnewaddress", &to, label); err != nil {
		return err
	}
	p.mu.Lock()
	p.promises = append(p.promises, &promise{of: other, address: to, label: label})
	p.mu.Unlock()
	err := p.call(ctx, of, "sendtoaddress", &txid, to, jsonrpc.Amount(amount))
	if err == nil {
		p.mu.Lock()
		p.sent = append(p.sent, payment{of, txid})
		p.mu.Unlock()
	}
	return err
}

// relabel gives one of the wallet's addresses another label.
func (p *pair) relabel(ctx context.Context, of int, rng *rand.Rand, label string) error {
	p.mu.Lock()
	var own []*promise
	for _, x := range p.promises {
		if x.of == of {
			own = append(own, x)
		}
	}
	p.mu.Unlock()
	if len(own) == 0 {
		return nil
	}
	x := own[rng.IntN(len(own))] // nobody else changes it
	x.orElse = label
	err := p.call(ctx, of, "setlabel", nil, x.address, label)
	if err == nil {
		x.label = label
	}
	return err
}

// bring imports a private key that the wallet does not have.
func (p *pair) bring(ctx context.Context, of int, rng *rand.Rand, label string) error {
	raw := make([]byte, 32)
	for i := range raw {
		raw[i] = byte(rng.Uint32())
	}
	key, _ := btcec.PrivKeyFromBytes(raw)
	wif, err := btcutil.NewWIF(key, chain.RegTest().Params, true)
	if err != nil {
		return err
	}
	if of == 1 {
		p.mu.Lock()
		p.traces[wif.String()], p.traces[wif.String()+" as bytes"] = []byte(wif.String()), raw
		p.mu.Unlock()
	}
	desc := "wpkh(" + wif.String() + ")"
	var info struct{ Checksum string }
	var at []string
	var done []struct {
		Success bool
		Error   *client.Error
	}
	err = p.call(ctx, of, "getdescriptorinfo", &info, desc)
	if err == nil {
		err = p.call(ctx, of, "deriveaddresses", &at, desc+"#"+info.Checksum)
	}
	if err == nil {
		err = p.call(ctx, of, "importdescriptors", &done, []any{map[string]any{"desc": desc + "#" + info.Checksum, "timestamp": "now", "label": label}})
	}
	if err == nil && !done[0].Success {
		err = done[0].Error
	}
	if err == nil {
		p.mu.Lock()
		p.promises = append(p.promises, &promise{of: of, address: at[0], label: label})
		p.mu.Unlock()
	}
	return err
}

// checkSeal looks whether the second wallet is whole, encrypted or not, and unlocks it.
func (p *pair) checkSeal(t *testing.T, encrypting bool) {
	t.Helper()
	var info struct {
		Until *int64 `json:"unlocked_until"`
	}
	p.must(t, 1, "getwalletinfo", &info)
	now := info.Until != nil
	switch {
	case p.sealed && !now:
		t.Fatal("a wallet that was encrypted is not any more")
	case !p.sealed && now && !encrypting:
		t.Fatal("a wallet is encrypted that nobody encrypted")
	case !p.sealed && encrypting:
		p.told.before++
		if now {
			p.told.whole++
		}
	}
	if p.sealed = now; now {
		p.must(t, 1, "walletpassphrase", nil, crashPassphrase, 100_000)
		if left := p.inClear(t); len(left) > 0 {
			t.Errorf("in clear in an encrypted wallet's directory after a start: %q", left)
		}
	}
	var w words
	if p.must(t, 1, "walletwords", &w); w.Words != p.words {
		t.Error("its words are others")
	}
}

func (p *pair) checkPromises(t *testing.T) {
	t.Helper()
	for _, x := range p.promises {
		var info struct {
			IsMine, Solvable bool
			Labels           []string
		}
		p.must(t, x.of, "getaddressinfo", &info, x.address)
		if !info.IsMine || !info.Solvable || len(info.Labels) != 1 || info.Labels[0] != x.label && info.Labels[0] != x.orElse {
			t.Errorf("%s has acknowledged %+v, and now knows %+v", p.names[x.of], *x, info)
			continue
		}
		x.label, x.orElse = info.Labels[0], ""
	}
}

// checkMoney mines until every payment is in a block, and compares each wallet's coins
// with those of the chain.
func (p *pair) checkMoney(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		p.c.call(t, 0, "generatetoaddress", nil, 1, nobody)
		var pool []string
		if p.c.call(t, 0, "getrawmempool", &pool); len(pool) == 0 && p.settled(t) && p.differ(t) == "" {
			return
		}
		if time.Now().After(deadline) {
			for _, x := range p.sent {
				var tx json.RawMessage
				p.must(t, x.of, "gettransaction", &tx, x.txid)
				t.Logf("%s: %s", p.names[x.of], tx)
			}
			t.Fatalf("%d payments that were acknowledged are in no block, with %d in the pool; %s\n%s", len(p.sent), len(pool), p.differ(t), lastOf(t, process.LogPath(p.c.net.Members[0])))
		}
	}
}

// differ says where a wallet's coins are not those of the chain. One that is spent by a
// payment that nobody acknowledged, and that is still to be sent again, is such a coin for a while.
func (p *pair) differ(t *testing.T) (why string) {
	t.Helper()
	for of, name := range p.names {
		var list struct{ Descriptors []json.RawMessage }
		p.must(t, of, "listdescriptors", &list)
		var found struct {
			Total jsonrpc.Amount `json:"total_amount"`
		}
		p.c.call(t, 0, "scantxoutset", &found, "start", ranged(t, list.Descriptors))
		coins, have := []coin{}, jsonrpc.Amount(0)
		p.must(t, of, "listunspent", &coins, 1, 9_999_999, []string{}, true, map[string]bool{"include_immature_coinbase": true})
		for _, x := range coins {
			have += x.Amount
		}
		if have != found.Total {
			why += fmt.Sprintf("%s has %v, by the chain %v; ", name, have, found.Total)
		}
	}
	return why
}

// settled says whether every payment is in a block; those that are need not be asked again.
func (p *pair) settled(t *testing.T) bool {
	t.Helper()
	p.sent = slices.DeleteFunc(p.sent, func(x payment) bool {
		var tx struct{ Confirmations int }
		p.must(t, x.of, "gettransaction", &tx, x.txid)
		return tx.Confirmations > 0
	})
	return len(p.sent) == 0
}

// ranged are descriptors as scantxoutset takes them.
func ranged(t *testing.T, list []json.RawMessage) []map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for _, raw := range list {
		var d struct {
			Desc  string
			Range []int
		}
		if err := json.Unmarshal(raw, &d); err != nil {
			t.Fatal(err)
		}
		all[d.Desc] = map[string]any{"desc": d.Desc}
		if d.Range != nil {
			all[d.Desc]["range"] = d.Range
		}
	}
	return slices.Collect(maps.Values(all))
}
