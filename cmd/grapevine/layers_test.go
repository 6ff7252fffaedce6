package main

import (
	"bytes"
	"go/ast"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// allowed is the architecture: which rooms of this module the non-test code of
// each package may import. "chain/..." means any package below chain, and
// chain itself. A package that is not here may not exist.
var allowed = map[string][]string{
	"db": {},

	"chain":            {},
	"chain/script":     {"chain", "chain/script/secp256k1"},
	"chain/coins":      {"chain", "db"},
	"chain/history":    {"chain", "chain/coins"},
	"chain/archive":    {"chain", "chain/coins", "chain/history", "db"},
	"chain/headertree": {"chain"},
	"chain/connect":    {"chain", "chain/coins", "chain/history", "chain/script"},
	"chain/audit":      {"chain", "chain/archive", "chain/coins", "chain/history", "db"},
	"chain/ledger":     {"chain", "chain/archive", "chain/audit", "chain/coins", "chain/connect", "chain/headertree", "chain/history", "chain/script", "db"},
	"chain/policy":     {"chain"},
	"chain/mempool":    {"chain", "chain/history", "chain/mempool/estimate", "chain/policy", "chain/script"},
	"chain/miner":      {"chain", "chain/mempool", "chain/policy"},
	"chain/chaintest":  {"chain", "chain/script", "chain/coins", "chain/ledger", "db"},

	"chain/script/secp256k1": {},

	"chain/mempool/dump":     {"chain", "chain/mempool", "db"},
	"chain/mempool/estimate": {"chain", "chain/policy"},

	"p2p":          {"chain"},
	"p2p/msg":      {"chain", "p2p"},
	"p2p/peer":     {"chain", "p2p", "p2p/msg"},
	"p2p/gossip":   {"chain", "chain/headertree", "chain/policy", "p2p", "p2p/msg", "p2p/gossip/..."},
	"p2p/addrbook": {"db", "p2p"},
	"p2p/swarm":    {"chain", "p2p/...", "db"},

	"p2p/gossip/blocks":  {"chain", "chain/headertree", "p2p", "p2p/gossip/headers", "p2p/msg"},
	"p2p/gossip/txs":     {"chain", "p2p"},
	"p2p/gossip/headers": {"chain", "chain/headertree", "p2p"},

	"wallet":            {"chain", "chain/policy"},
	"wallet/crypter":    {},
	"wallet/descriptor": {"chain/policy", "wallet", "wallet/miniscript"},
	"wallet/miniscript": {},
	"wallet/loader":     {"chain", "wallet", "wallet/service", "db"},
	"wallet/psbt":       {"chain", "chain/policy", "wallet/descriptor", "wallet/miniscript", "wallet/signer"},
	"wallet/signer":     {"chain", "chain/policy", "chain/script", "wallet", "wallet/descriptor", "wallet/miniscript"},
	"wallet/coinselect": {"chain", "chain/policy"},
	"wallet/spend":      {"chain", "chain/policy", "wallet", "wallet/coinselect", "wallet/descriptor", "wallet/miniscript", "wallet/signer"},
	"wallet/state":      {"chain", "chain/policy", "wallet", "wallet/crypter", "wallet/descriptor", "wallet/psbt", "wallet/spend"},
	"wallet/service":    {"chain", "chain/policy", "wallet", "wallet/crypter", "wallet/descriptor", "wallet/psbt", "wallet/signer", "wallet/spend", "wallet/state", "db"},

	"testnet":         {"p2p"},
	"testnet/process": {"db", "testnet"},
	"testnet/demo":    {"testnet"},
	"testnet/simnet":  {"p2p", "testnet"},
	"testnet/link":    {"db", "p2p", "testnet"},
	"testnet/hostile": {"chain", "p2p", "p2p/msg"},
	"testnet/model":   {"chain", "p2p/..."},
	"testnet/config":  {"db", "testnet"},
	"testnet/export":  {"testnet/config"},
	// The test kit that people import: the one room of testnet that knows whole nodes.
	"testnet/harness": {"chain", "cmd/node", "cmd/rpc/client", "testnet", "testnet/process", "testnet/simnet"},
	"testnet/compare": {"chain", "testnet", "testnet/model", "testnet/process"},

	"testnet/model/picture": {"testnet/model"},

	"cmd/rpc/client":            {"cmd/rpc/jsonrpc", "db"},
	"cmd/rpc/jsonrpc":           {"chain"},
	"cmd/rpc/show":              {"chain", "chain/policy", "cmd/rpc/jsonrpc", "wallet", "wallet/descriptor"},
	"cmd/rpc/chainapi":          {"chain/...", "p2p/swarm", "db", "cmd/rpc/...", "wallet/descriptor"},
	"cmd/rpc/poolapi":           {"chain/...", "p2p/swarm", "cmd/rpc/...", "wallet"},
	"cmd/rpc/walletapi":         {"chain/...", "wallet/...", "db", "cmd/rpc/..."},
	"cmd/rpc/notify":            {"chain"},
	"cmd/rpc/rawapi":            {"chain/...", "wallet/...", "cmd/rpc/..."},
	"cmd/rpc/rest":              {"chain/...", "cmd/rpc/..."},
	"cmd/rpc/events":            {"chain", "cmd/rpc/jsonrpc", "p2p", "p2p/gossip/...", "p2p/msg"},
	"cmd/rpc/explore":           {"chain/...", "cmd/rpc/chainapi", "cmd/rpc/poolapi"},
	"cmd/rpc/esplora":           {"chain/...", "cmd/rpc/..."},
	"cmd/rpc/electrum":          {"chain/...", "cmd/rpc/..."},
	"cmd/rpc":                   {"chain/...", "p2p/...", "wallet/...", "db", "cmd/rpc/..."},
	"cmd/node":                  {"chain/...", "p2p/...", "wallet/...", "db", "cmd/rpc/..."},
	"cmd/web":                   {"chain", "cmd/rpc/events", "cmd/rpc/jsonrpc", "cmd/web/...", "p2p", "testnet"},
	"cmd/web/explorer":          {"chain/...", "cmd/rpc/...", "cmd/web/layout", "p2p", "p2p/addrbook", "p2p/swarm", "wallet", "wallet/descriptor"},
	"cmd/web/layout":            {},
	"cmd/grapevine/cli":         {"chain", "chain/policy", "cmd/node", "cmd/rpc/...", "db", "testnet", "testnet/process"},
	"cmd/grapevine/args":        {"db"},
	"cmd/grapevine/bitcoincli":  {"cmd/grapevine/args", "cmd/rpc/client", "cmd/rpc/jsonrpc", "db", "p2p"},
	"cmd/grapevine/bitcoind":    {"chain/...", "cmd/grapevine/args", "cmd/node", "cmd/rpc/...", "db", "p2p/...", "testnet/process", "wallet/..."},
	"cmd/grapevine/simulatecmd": {"cmd/grapevine/cli", "testnet/config", "testnet/model", "testnet/model/picture"},
	"cmd/grapevine/testnetcmd":  {"cmd/grapevine/cli", "cmd/grapevine/simulatecmd", "cmd/rpc/client", "db", "testnet/..."},
	"cmd/grapevine":             {"cmd/...", "testnet/...", "chain", "chain/policy", "chain/ledger", "p2p", "wallet", "db"},
}

// forbiddenStd: packages of the standard library that some rooms must not
// know, so that they stay what their doc.go says they are.
var forbiddenStd = map[string][]string{
	"chain":         {"net", "os", "net/http", "database/sql", "math/rand", "math/rand/v2", "crypto/rand"},
	"p2p/gossip":    {"net", "os", "net/http", "crypto/rand", "sync", "context"},
	"wallet/state":  {"net", "os", "net/http", "crypto/rand", "sync", "context"},
	"chain/mempool": {"net", "os", "net/http"},
	"chain/miner":   {"net", "os", "net/http"},
	"testnet":       {"net", "os", "os/exec"},
}

// pure: rooms where time and randomness come from outside, with all that
// lies below them.
var pure = []string{"chain/...", "p2p/gossip/...", "wallet/..."}

// impure: rooms below a pure one that wait for something by the clock.
var impure = []string{
	"chain/archive",  // the committer, for company in one commit
	"wallet/service", // announces payments again
}

// small: rooms of fewer than minPkgLines lines of code. A package is one idea
// with one vocabulary; what is smaller than that says in its doc.go why it is a
// package of its own ("though small, because …").
var small = []string{
	"chain/audit", "chain/headertree", "chain/mempool/dump",
	"p2p", "cmd/rpc/client", "testnet/hostile", "testnet/harness", "testnet/export", "testnet/model/picture", "wallet/crypter",
	"chain/history", "cmd/web/layout", "cmd/rpc/explore",
}

const (
	maxFileLines = 500 // near what the best code in this field keeps; only the tail of it breaks
	maxFuncLines = 60
	maxParams    = 4    // a context apart
	maxPkgLines  = 4000 // of code: without tests, comments and empty lines
	minPkgLines  = 300
)

func permitted(rules []string, room string) bool {
	return slices.ContainsFunc(rules, func(rule string) bool {
		if below, ok := strings.CutSuffix(rule, "/..."); ok {
			return room == below || strings.HasPrefix(room, below+"/")
		}
		return room == rule
	})
}

// The map above is the architecture drawing that cannot go stale.
func TestLayersImportOnlyWhatTheMapAllows(t *testing.T) {
	for _, p := range listPackages(t) {
		if len(p.GoFiles) == 0 {
			continue // tests only
		}
		rules, known := allowed[p.room()]
		if !known {
			t.Errorf("%s is not in the map of rooms", p.room())
			continue
		}
		for _, imp := range p.Imports {
			if room, ours := strings.CutPrefix(imp, "grapevine/"); ours && !permitted(rules, room) {
				t.Errorf("%s imports %s; it may import %v", p.room(), room, rules)
			}
			if slices.Contains(forbiddenStd[p.room()], imp) {
				t.Errorf("%s imports %s, which it must not know", p.room(), imp)
			}
		}
	}
}

func TestEveryPackageSaysWhatItIs(t *testing.T) {
	for _, p := range listPackages(t) {
		if len(p.GoFiles) > 0 && !slices.Contains(p.GoFiles, "doc.go") {
			t.Errorf("%s has no doc.go", p.room())
		}
	}
}

// gofmt itself does it in a tenth of the time that the race detector would take.
func TestFilesAreFormatted(t *testing.T) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-l"}
	for _, s := range sources(t) {
		args = append(args, filepath.FromSlash(s.name))
	}
	cmd := exec.Command(filepath.Join(strings.TrimSpace(string(root)), "bin", "gofmt"), args...)
	cmd.Dir = filepath.Join("..", "..")
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("run gofmt -w (%v): %s", err, out)
	}
}

func TestFilesFunctionsAndPackagesAreShort(t *testing.T) {
	sizes := map[string]int{}
	for _, s := range sources(t) {
		n := bytes.Count(s.raw, []byte("\n"))
		if n >= maxFileLines {
			t.Errorf("%s has %d lines, %d is too many", s.name, n, maxFileLines)
		}
		if s.test {
			continue
		}
		sizes[s.room] += codeLines(s.raw)
		for _, d := range s.file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			if lines := s.line(f.End()) - s.line(f.Pos()) + 1; lines >= maxFuncLines {
				t.Errorf("%s: %s has %d lines, %d is too many", s.name, f.Name.Name, lines, maxFuncLines)
			}
			if n := parameters(f); n > maxParams {
				t.Errorf("%s: %s has %d parameters, more than %d", s.name, f.Name.Name, n, maxParams)
			}
		}
	}
	for room, n := range sizes {
		if n > maxPkgLines {
			t.Errorf("%s has %d lines of code, more than %d: split it", room, n, maxPkgLines)
		}
		if n < minPkgLines && !slices.Contains(small, room) {
			t.Errorf("%s has only %d lines of code: let another room take it, or name it among the small ones", room, n)
		}
	}
	for _, room := range small {
		if _, there := sizes[room]; !there {
			t.Errorf("%s is named among the small rooms and does not exist", room)
		}
	}
}

func TestSmallPackagesSayWhyTheyStandAlone(t *testing.T) {
	for _, s := range sources(t) {
		if !slices.Contains(small, s.room) || filepath.Base(s.name) != "doc.go" {
			continue
		}
		words := strings.Join(strings.Fields(strings.ReplaceAll(s.file.Doc.Text(), "\n", " ")), " ")
		if !strings.Contains(words, "though small, because ") {
			t.Errorf("%s: say why it is a package of its own, though small, because …", s.name)
		}
	}
}
