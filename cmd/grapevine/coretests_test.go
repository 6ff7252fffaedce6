package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Bitcoin Core's functional tests run unchanged against this binary, under the
// name bitcoind, with a checkout of Core that is not ours: make core-tests.
// Nothing of theirs is kept here but the names of their tests.

const (
	reasonsFile = "testdata/core-tests.txt"
	resultsFile = "../../docs/core-tests.md"
	// notYet stands before what a test says that failed without a reason.
	notYet = "not looked into yet: "
	// coreAtOnce tests run beside each other.
	coreAtOnce = 2
	// coreLimit is how long one test may take.
	coreLimit = 15 * time.Minute
	// coreSkip is the exit status of a test that cannot run here.
	coreSkip = 77
	// coreFactor makes their waiting longer: two of them share the machine.
	coreFactor = "4"
)

// hours are tests that run for an hour, or that need no node.
var hours = []string{"feature_pruning.py", "feature_dbcrash.py", "feature_index_prune.py", "feature_framework_unit_tests.py", "wallet_pruning.py"}

// coreReasons reads testdata/core-tests.txt: "TEST.py[ ARGS]: reason" a line, sorted.
func coreReasons(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(reasonsFile)
	if err != nil {
		t.Fatal(err)
	}
	reasons, before := map[string]string{}, ""
	for n, line := range strings.Split(strings.TrimSpace(string(raw)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, why, ok := strings.Cut(line, ": ")
		if !ok || !regexp.MustCompile(`^\w+\.py( --?[\w=-]+)*$`).MatchString(name) || strings.TrimSpace(why) == "" {
			t.Errorf("%s:%d: want TEST.py[ ARGS]: reason", reasonsFile, n+1)
		}
		if name <= before {
			t.Errorf("%s:%d: %s does not come after %s", reasonsFile, n+1, name, before)
		}
		reasons[name], before = why, name
	}
	return reasons
}

// reasonOf is that of a test with these words behind its name, or with any.
func reasonOf(reasons map[string]string, name string) string {
	script, _, _ := strings.Cut(name, " ")
	return cmp.Or(reasons[name], reasons[script])
}

// coreResult is how a test ended.
type coreResult struct{ name, result, why string }

// coreRun runs tests of one checkout.
type coreRun struct {
	checkout, dir, bin string
	seed               int
	env                []string
}

func TestCoresFunctionalTests(t *testing.T) {
	reasons := coreReasons(t)
	checkout := os.Getenv("GRAPEVINE_CORE")
	if checkout == "" { // make core-tests says where one is
		old, err := os.ReadFile(resultsFile)
		if err != nil || string(old) != resultsText(oldResults(t), reasons) {
			t.Errorf("%s is not what its own rows and %s make of it (%v)", resultsFile, reasonsFile, err)
		}
		return
	}
	run := newCoreRun(t, checkout)
	names := chosen(coreTests(t, checkout), os.Getenv("GRAPEVINE_CORE_TESTS"))
	if len(names) == 0 {
		t.Fatalf("no test of %s is called so: %s", checkout, os.Getenv("GRAPEVINE_CORE_TESTS"))
	}
	run.cache(t)
	rows := oldResults(t)
	var mu sync.Mutex
	places := make(chan struct{}, coreAtOnce)
	var all sync.WaitGroup
	for i, name := range names {
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			r := run.one(t, name, i)
			mu.Lock()
			defer mu.Unlock()
			rows[name] = r
			t.Logf("%-7s %s %s", r.result, name, r.why)
			if r.result == "failed" && reasonOf(reasons, name) == "" {
				t.Errorf("%s failed, and %s gives no reason: %s", name, reasonsFile, r.why)
			}
		})
	}
	all.Wait()
	if err := os.WriteFile(resultsFile, []byte(resultsText(rows, reasons)), 0o644); err != nil {
		t.Fatal(err)
	}
}

// newCoreRun builds the binary under its two names, and the file that tells
// Core's framework what there is.
func newCoreRun(t *testing.T, checkout string) *coreRun {
	t.Helper()
	dir := t.TempDir()
	r := &coreRun{checkout: checkout, dir: dir, bin: filepath.Join(dir, "bitcoind"), seed: 1}
	if s := os.Getenv("GRAPEVINE_CORE_SEED"); s != "" {
		r.seed, _ = strconv.Atoi(s)
	}
	build := exec.Command("go", "build", "-trimpath", "-o", r.bin, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	client := filepath.Join(dir, "bitcoin-cli")
	if err := os.Symlink("bitcoind", client); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("[environment]\nPACKAGE_NAME=Bitcoin Core\nPACKAGE_BUGREPORT=none\nSRCDIR=%s\nBUILDDIR=%s\nEXEEXT=\nRPCAUTH=%s\n"+
		"[components]\nENABLE_WALLET=true\nUSE_SQLITE=true\nENABLE_CLI=true\nENABLE_BITCOIND=true\nENABLE_ZMQ=true\n",
		checkout, checkout, filepath.Join(checkout, "share/rpcauth/rpcauth.py"))
	if _, err := os.Stat(filepath.Join(checkout, "src/bitcoin-util")); err == nil { // built there by who runs this; its signet miner grinds with it
		config += "ENABLE_BITCOIN_UTIL=true\n"
	}
	if err := os.WriteFile(r.config(), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	r.env = append(os.Environ(), "BITCOIND="+r.bin, "BITCOINCLI="+client, "GRAPEVINE_POLICY=28.1")
	return r
}

func (r *coreRun) config() string { return filepath.Join(r.dir, "config.ini") }

func (r *coreRun) script(name string) string {
	return filepath.Join(r.checkout, "test", "functional", name)
}

// cache makes the chain that most tests begin with.
func (r *coreRun) cache(t *testing.T) {
	t.Helper()
	cmd := exec.Command("python3", r.script("create_cache.py"), "--cachedir="+filepath.Join(r.dir, "cache"), "--configfile="+r.config(), "--portseed="+strconv.Itoa(r.seed))
	cmd.Env = r.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the chain that the tests begin with: %v\n%s", err, out)
	}
}

// coreTests are the tests that test_runner.py lists.
func coreTests(t *testing.T, checkout string) (names []string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(checkout, "test", "functional", "test_runner.py"))
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range []string{"BASE_SCRIPTS", "EXTENDED_SCRIPTS"} {
		_, rest, _ := strings.Cut(string(raw), "\n"+list+" = [")
		body, _, ok := strings.Cut(rest, "\n]")
		if !ok {
			t.Fatalf("test_runner.py has no %s", list)
		}
		for _, m := range regexp.MustCompile(`(?m)^\s*'([^']+)'`).FindAllStringSubmatch(body, -1) {
			names = append(names, m[1])
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// chosen are the tests of a list with commas, each as it is called or as a file for
// all its runs; without a list all but those that take an hour.
func chosen(all []string, list string) (names []string) {
	for _, name := range all {
		script, _, _ := strings.Cut(name, " ")
		wanted := !slices.Contains(hours, script)
		if list != "" {
			wanted = slices.ContainsFunc(strings.Split(list, ","), func(w string) bool { return strings.TrimSpace(w) == name || strings.TrimSpace(w) == script })
		}
		if wanted {
			names = append(names, name)
		}
	}
	return names
}

// one runs a test.
func (r *coreRun) one(t *testing.T, name string, number int) coreResult {
	words := strings.Fields(name)
	label := regexp.MustCompile(`\W+`).ReplaceAllString(name, "_")
	line := append([]string{r.script(words[0])}, words[1:]...)
	line = append(line, "--tmpdir="+filepath.Join(r.dir, label), "--cachedir="+filepath.Join(r.dir, "cache"), "--configfile="+r.config(),
		"--portseed="+strconv.Itoa(r.seed+1+number), "--timeout-factor="+coreFactor)
	ctx, cancel := context.WithTimeout(t.Context(), coreLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "python3", line...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = r.env, r.dir, 10*time.Second
	ownGroup(cmd)
	out, err := cmd.CombinedOutput()
	exit, failed := errors.AsType[*exec.ExitError](err)
	_ = os.RemoveAll(filepath.Join(r.dir, label))
	switch {
	case err == nil:
		return coreResult{name, "passed", ""}
	case ctx.Err() != nil:
		return coreResult{name, "failed", "more than " + coreLimit.String()}
	case failed && exit.ExitCode() == coreSkip:
		_, why, _ := bytes.Cut(out, []byte("Test Skipped: "))
		why, _, _ = bytes.Cut(why, []byte("\n"))
		return coreResult{name, "skipped", string(why)}
	}
	last := regexp.MustCompile(`(?m)^(?:[\w.]+\.)?\w*(?:Error|Exception)\b.*$`).FindAll(out, -1)
	why := err.Error()
	if len(last) > 0 {
		why = string(last[len(last)-1])
	}
	return coreResult{name, "failed", why[:min(len(why), 200)]}
}

// oldResults are those of earlier runs, as docs/core-tests.md has them.
func oldResults(t *testing.T) map[string]coreResult {
	t.Helper()
	rows := map[string]coreResult{}
	raw, err := os.ReadFile(resultsFile)
	if errors.Is(err, os.ErrNotExist) {
		return rows
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| (passed|failed|skipped) \\| (.*) \\|$").FindAllStringSubmatch(string(raw), -1) {
		why := strings.TrimPrefix(m[3], notYet)
		rows[m[1]] = coreResult{m[1], m[2], strings.ReplaceAll(why, "\\|", "|")}
	}
	return rows
}

// resultsText is docs/core-tests.md.
func resultsText(rows map[string]coreResult, reasons map[string]string) string {
	var table strings.Builder
	counts := map[string]map[string]int{}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		r := rows[name]
		kind, _, _ := strings.Cut(name, "_")
		if counts[kind] == nil {
			counts[kind] = map[string]int{}
		}
		counts[kind][r.result]++
		why := r.why
		if r.result == "failed" {
			why = cmp.Or(reasonOf(reasons, name), notYet+r.why)
		}
		fmt.Fprintf(&table, "| `%s` | %s | %s |\n", name, r.result, strings.ReplaceAll(why, "|", "\\|"))
	}
	var b strings.Builder
	b.WriteString("# Bitcoin Core's functional tests\n\n" +
		"What Core's own functional tests say of this binary under the name `bitcoind`, unchanged, with `GRAPEVINE_POLICY=28.1`. `make core-tests CORE=/path/to/a/checkout` " +
		"runs them and writes this file; `TESTS=p2p_ping.py,rpc_uptime.py` runs some and changes their lines. The reasons stand in `cmd/grapevine/" + reasonsFile + "`.\n\n" +
		"| kind | passed | failed | skipped |\n|---|---|---|---|\n")
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", kind, counts[kind]["passed"], counts[kind]["failed"], counts[kind]["skipped"])
	}
	b.WriteString("\n| test | result | why |\n|---|---|---|\n" + table.String())
	return b.String()
}
