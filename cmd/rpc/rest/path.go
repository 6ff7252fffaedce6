package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/cmd/rpc/jsonrpc"
)

// path is one kind of question.
type path struct {
	prefix string
	find   func(*Handler, asked) (answer, error)
	kind   kind
}

// kind says what a path needs.
type kind int

const (
	plain kind = iota
	large      // its answer may be as large as a block or the pool
	body       // the request's body says what is asked
)

// paths are all that are answered; of two that fit the first counts (Core:
// uri_prefixes).
var paths = []path{
	{"/rest/tx/", (*Handler).tx, large},
	{"/rest/block/notxdetails/", (*Handler).blockIDs, large},
	{"/rest/block/", (*Handler).block, large},
	{"/rest/blockpart/", (*Handler).blockPart, large},
	{"/rest/blockfilter/", (*Handler).filter, plain},
	{"/rest/blockfilterheaders/", (*Handler).filterHeaders, plain},
	{"/rest/chaininfo", (*Handler).chainInfo, plain},
	{"/rest/mempool/info", (*Handler).poolInfo, plain},
	{"/rest/mempool/", (*Handler).poolContents, large},
	{"/rest/headers/", (*Handler).headers, large},
	{"/rest/getutxos", (*Handler).coins, body},
	{"/rest/deploymentinfo/", (*Handler).deployments, plain},
	{"/rest/deploymentinfo", (*Handler).deployments, plain},
	{"/rest/blockhashbyheight/", (*Handler).hashAt, plain},
	{"/rest/spenttxouts/", (*Handler).spent, large},
}

// asked is what a request asks for: PREFIX WHAT[.FORMAT][?VALUES].
type asked struct {
	what   string
	format string // bin, hex or json; "" for any other, which then is part of what
	values url.Values
	badURI bool // it holds what RFC 3986 allows in no URI
	body   []byte
}

// value reads ?NAME=VALUE.
func (q asked) value(name string) (value string, given bool, err error) {
	if q.badURI {
		return "", false, badRequest("URI parsing failed, it likely contained RFC 3986 invalid characters")
	}
	return q.values.Get(name), q.values.Has(name), nil
}

// query reads a request's path as it was sent [ParseDataFormat]; ok is
// false for one that nobody answers.
func query(r *http.Request) (p path, q asked, ok bool) {
	target, valid := jsonrpc.Target(r)
	where, _, _ := strings.Cut(target, "?")
	for _, p := range paths {
		what, ok := strings.CutPrefix(where, p.prefix)
		if !ok {
			continue
		}
		q := asked{what: what, values: r.URL.Query(), badURI: !valid}
		if dot := strings.LastIndexByte(what, '.'); dot >= 0 {
			switch format := what[dot+1:]; format {
			case "bin", "hex", "json":
				q.what, q.format = what[:dot], format
			}
		}
		return p, q, true
	}
	return path{}, asked{}, false
}

// parts are those between the slashes.
func (q asked) parts() []string { return strings.Split(q.what, "/") }

// parseHash reads a hash in the words of Core's REST.
func parseHash(s string) (chainhash.Hash, error) {
	h, err := jsonrpc.ParseHash("hash", s)
	if err != nil {
		return h, badRequest("Invalid hash: %s", s)
	}
	return h, nil
}

// Match gives what stands in the parts of a path for {} in a pattern; {a|b} stands for one of these words.
func Match(pattern string, parts []string) (args []string, ok bool) {
	want := strings.Split(pattern, "/")
	if len(want) != len(parts) {
		return nil, false
	}
	for i, w := range want {
		words, open := strings.CutPrefix(strings.TrimSuffix(w, "}"), "{")
		switch {
		case !open && w != parts[i], open && !fits(words, parts[i]):
			return nil, false
		case open:
			args = append(args, parts[i])
		}
	}
	return args, true
}

// fits says whether a part of a path is one of some words; where there are none, whether it is anything.
func fits(words, part string) bool {
	return words == "" && part != "" || words != "" && slices.Contains(strings.Split(words, "|"), part)
}
