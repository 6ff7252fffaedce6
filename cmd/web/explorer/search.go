package explorer

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet/descriptor"
)

const (
	// maxSearch is how much text is looked at; a request's head holds no more anyway.
	maxSearch = 8192
	// maxBox is how much of it stands in the box again.
	maxBox = 256
	// wtxidBlocks are the newest blocks that are looked through for a wtxid: there is no index of them.
	wtxidBlocks = 6
	// maxDerived are the scripts of a ranged descriptor that are listed.
	maxDerived = 5
)

// hit is what a search has found.
type hit struct {
	Kind string // what it is
	What string // as it is written
	Path string
	Note string
}

// finder is one search.
type finder struct {
	h      *Handler
	ctx    context.Context // of the one request that it is for
	text   string
	hits   []hit
	note   string // why nothing was found, where that can be told
	secret bool   // the text is not to be shown again
}

func (f *finder) add(kind, what, path, note string) {
	if !slices.ContainsFunc(f.hits, func(x hit) bool { return x.Path == path }) {
		f.hits = append(f.hits, hit{kind, what, path, note})
	}
}

func (h *Handler) searchPage(ctx context.Context, q question) (view, error) {
	text := strings.TrimSpace(q.query.Get("q"))
	v := view{name: "search", title: "Search", search: printable([]byte(text[:min(len(text), maxBox)])), still: true}
	f := &finder{h: h, ctx: ctx, text: strip(text)}
	switch {
	case len(text) > maxSearch:
		f.note = "That is too long to be sought."
	case text != "":
		if err := f.look(); err != nil {
			return view{}, err
		}
	}
	if f.secret {
		text, v.search = "", ""
		v.status = http.StatusNotFound
	}
	if len(f.hits) == 1 && f.hits[0].Note == "" {
		return view{to: f.hits[0].Path}, nil
	}
	if text != "" && len(f.hits) == 0 {
		v.status = http.StatusNotFound
	}
	v.data = struct {
		Query string
		Hits  []hit
		Note  string
	}{said(text), f.hits, f.note}
	return v, nil
}

// strip takes off what stands around an address or a hash where people copy it.
func strip(text string) string {
	const scheme = "bitcoin:" // BIP21
	if len(text) >= len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
		rest, _, _ := strings.Cut(text[len(scheme):], "?")
		return rest
	}
	return strings.Trim(text, "\"'`,;")
}

// look tries all that a text can be.
func (f *finder) look() error {
	f.name()
	f.height()
	f.outpoint()
	f.address()
	f.descriptor()
	if err := f.hash(); err != nil {
		return err
	}
	f.script()
	return nil
}

// name is a word for a block.
func (f *finder) name() {
	switch strings.ToLower(f.text) {
	case "tip", "latest", "newest", "best":
		f.add("newest block", "", "/block/"+f.h.Chain.Ledger.Tip().Hash.String(), "")
	case "genesis", "first":
		f.add("first block", "", "/block/"+f.h.Chain.Params.Genesis().Hash.String(), "")
	}
}

func (f *finder) height() {
	height, ok := parseHeight(strings.ReplaceAll(f.text, ",", ""))
	if !ok || len(f.text) >= hashDigits {
		return
	}
	if n := f.h.Chain.Ledger.AtHeight(int32(height)); n != nil {
		f.add("block", n.Hash.String(), "/block/"+n.Hash.String(), "")
		return
	}
	f.note = fmt.Sprintf("The chain reaches to height %d only.", f.h.Chain.Ledger.Tip().Height)
}

// outpoint is txid:n, also as txidiN as ordinals write it.
func (f *finder) outpoint() {
	if len(f.text) < hashDigits+2 || !strings.ContainsRune(":.i-#", rune(f.text[hashDigits])) {
		return
	}
	id, ok := parseHash(f.text[:hashDigits])
	n, isNumber := parseHeight(f.text[hashDigits+1:])
	if !ok || !isNumber {
		return
	}
	found, err := f.h.Pool.Find(id)
	switch {
	case err != nil:
		f.note = fmt.Sprintf("The node knows no transaction %s.", id)
	case n >= len(found.Tx.TxOut):
		f.note = fmt.Sprintf("Transaction %s has %d outputs, counted from 0; there is no output %d.", id, len(found.Tx.TxOut), n)
	default:
		page := ""
		if n >= coinsPerPage {
			page = fmt.Sprintf("?out=%d", n/coinsPerPage+1)
		}
		f.add("output", fmt.Sprintf("%s:%d", id, n), fmt.Sprintf("/tx/%s%s#out-%d", id, page, n), "")
	}
}

func (f *finder) address() {
	net := f.h.Chain.Params.Params
	pk, err := show.PayTo(f.text, net)
	if err == nil {
		a := show.Address(pk, net)
		f.add("address", a, "/address/"+a, "")
		return
	}
	if isAddressLike(f.text) && len(f.text) != hashDigits {
		f.note = badAddress(f.text, net.Name, err).Error()
	}
}

// descriptor lists the first addresses of one. One with private keys is not looked at: it has been sent to
// a page, where it does not belong.
func (f *finder) descriptor() {
	net := f.h.Chain.Params.Params
	if !strings.Contains(f.text, "(") {
		return
	}
	d, err := descriptor.Parse(f.text, net, false)
	switch {
	case err != nil:
		f.note = "This looks like a descriptor, and cannot be read: " + printable([]byte(err.Error()))
		return
	case d.HasSecrets():
		f.note = "This descriptor has private keys: do not give them to a page. Its public form can be sought."
		f.text, f.secret = "", true
		return
	}
	n := uint32(1)
	if d.Ranged() {
		n = maxDerived
	}
	for i := range n {
		scripts, err := d.Expand(i, descriptor.NewProvider())
		if err != nil {
			f.note = err.Error()
			return
		}
		for _, pk := range scripts {
			f.payTo(pk, fmt.Sprintf("of the descriptor, at index %d", i))
		}
	}
}

// payTo lists whom a script pays.
func (f *finder) payTo(pk []byte, note string) {
	if a := show.Address(pk, f.h.Chain.Params.Params); a != "" {
		f.add("address", a, "/address/"+a, note)
		return
	}
	hash := history.HashOf(pk)
	text := hex.EncodeToString(hash[:])
	f.add("script", text, "/script/"+text, note)
}

// hash is a block's, a transaction's with or without its witness, or a script's.
func (f *finder) hash() error {
	hash, ok := parseHash(f.text)
	if !ok {
		return nil
	}
	if n, _, ok := f.h.Chain.Ledger.Lookup(hash); ok {
		note := ""
		if !n.IsAncestorOf(f.h.Chain.Ledger.Tip()) {
			note = "not in the chain"
		}
		f.add("block", hash.String(), "/block/"+hash.String(), note)
	}
	if _, err := f.h.Pool.Find(hash); err == nil || hash == f.h.Chain.Params.Genesis().Header.MerkleRoot {
		f.add("transaction", hash.String(), "/tx/"+hash.String(), "")
	} else if err := f.wtxid(hash); err != nil {
		return err
	}
	if len(f.hits) == 0 && !f.h.Pool.TxIndex {
		f.note = "The node keeps no index of transactions: those of the chain are found from their block's page (or start it with --txindex)."
	}
	if f.h.noHistory() != "" {
		return nil
	}
	// As it comes out of SHA-256, and the other way round, as Electrum's protocol writes it.
	raw, _ := hex.DecodeString(f.text) // parseHash has read it
	if err := f.scriptHash(chain.Hash(raw), ""); err != nil {
		return err
	}
	slices.Reverse(raw)
	return f.scriptHash(chain.Hash(raw), "by its hash as Electrum's protocol writes it")
}

func (f *finder) scriptHash(script chain.Hash, note string) error {
	list, err := f.h.Page(f.ctx, script, nil, 1)
	if err != nil {
		return err
	}
	if len(list) > 0 || len(f.h.Waiting(script)) > 0 {
		text := hex.EncodeToString(script[:])
		f.add("script", text, "/script/"+text, note)
	}
	return nil
}

// wtxid looks for a transaction with this hash of it with its witness in the pool and the newest blocks.
func (f *finder) wtxid(wid chain.Hash) error {
	for _, c := range f.h.Pool.Pool.Snapshot().Txs {
		if c.Tx.WID == wid {
			f.add("transaction by its wtxid", c.Tx.ID.String(), "/tx/"+c.Tx.ID.String(), "")
			return nil
		}
	}
	n := f.h.Chain.Ledger.Tip()
	for i := 0; i < wtxidBlocks && n != nil && f.ctx.Err() == nil; i, n = i+1, n.Parent {
		b, err := f.h.Chain.Ledger.Block(n.Hash)
		if err != nil {
			return nil // pruned: what is not here cannot be looked through
		}
		for _, tx := range b.Txs {
			if tx.WID == wid {
				f.add("transaction by its wtxid", tx.ID.String(), fmt.Sprintf("/tx/%s?block=%s", tx.ID, n.Hash), "")
				return nil
			}
		}
	}
	return nil
}

// script is hex of a transaction, a public key, or a script itself.
func (f *finder) script() {
	raw, err := hex.DecodeString(f.text)
	if err != nil || len(raw) < 2 || len(f.text) == hashDigits || len(f.hits) > 0 && len(raw) < 20 {
		return
	}
	if tx, err := show.DecodeTx(f.text, show.WithWitness); err == nil {
		if _, err := f.h.Pool.Find(tx.ID); err == nil {
			f.add("transaction", tx.ID.String(), "/tx/"+tx.ID.String(), "")
		} else {
			f.note = fmt.Sprintf("This is a transaction, %s, and the node does not know it.", tx.ID)
		}
		return
	}
	if _, err := btcec.ParsePubKey(raw); err == nil {
		f.publicKey(raw)
		return
	}
	hash := history.HashOf(raw)
	if show.Address(raw, f.h.Chain.Params.Params) != "" {
		f.payTo(raw, "")
	} else if f.h.noHistory() != "" || f.scriptHash(hash, "") != nil || len(f.hits) == 0 {
		f.note = "As a script this pays nobody that the node knows of."
	}
}

// publicKey lists the usual scripts that pay a key.
func (f *finder) publicKey(key []byte) {
	for _, kind := range []struct{ name, form string }{{"P2WPKH", "wpkh"}, {"P2PKH", "pkh"}, {"P2SH-P2WPKH", "sh(wpkh"}, {"P2TR", "tr"}, {"P2PK", "pk"}} {
		text := fmt.Sprintf("%s(%x)%s", kind.form, key, strings.Repeat(")", strings.Count(kind.form, "(")))
		d, err := descriptor.Parse(text, f.h.Chain.Params.Params, false)
		if err != nil {
			continue // an uncompressed key has no witness form
		}
		scripts, err := d.Expand(0, descriptor.NewProvider())
		if err != nil {
			continue
		}
		for _, pk := range scripts {
			f.payTo(pk, "pays this public key ("+kind.name+")")
		}
	}
}
