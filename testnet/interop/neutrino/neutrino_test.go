package neutrino

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/btcutil/gcs/builder"
	"github.com/btcsuite/btcd/chaincfg"
	"github.com/btcsuite/btcd/wire"
	"github.com/btcsuite/btcwallet/walletdb"
	_ "github.com/btcsuite/btcwallet/walletdb/bdb"
	"github.com/lightninglabs/neutrino"
)

// patience bounds every wait.
const patience = 2 * time.Minute

const payTo = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080"

// node is a grapevine node of its own.
type node struct {
	t            *testing.T
	program, dir string
	addr         string
}

// start builds the program and runs it until the test is over.
func start(t *testing.T) *node {
	t.Helper()
	n := &node{t: t, program: filepath.Join(t.TempDir(), "grapevine"), dir: t.TempDir()}
	build := exec.Command("go", "build", "-o", n.program, "./cmd/grapevine")
	build.Dir = filepath.Join("..", "..", "..")
	if msg, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, msg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, n.program, "node", "--datadir", n.dir, "--listen", "127.0.0.1:0", "--rpclisten", "127.0.0.1:0",
		"--wallet=false", "--logformat", "json")
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); cmd.Wait() })
	lines := bufio.NewScanner(log)
	for n.addr == "" && lines.Scan() {
		var line struct{ Msg, Addr string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening for peers" {
			n.addr = line.Addr
		}
	}
	if n.addr == "" {
		t.Fatal("the node does not say where it listens")
	}
	go func() {
		for lines.Scan() { // it must not wait for us
		}
	}()
	n.eventually("the node answers", func() bool {
		return exec.Command(n.program, "rpc", "--datadir", n.dir, "getblockcount").Run() == nil
	})
	return n
}

func (n *node) rpc(args ...string) string {
	n.t.Helper()
	out, err := exec.Command(n.program, append([]string{"rpc", "--datadir", n.dir}, args...)...).CombinedOutput()
	if err != nil {
		n.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return strings.TrimSpace(string(out))
}

func (n *node) eventually(what string, ok func() bool) {
	n.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			n.t.Fatalf("not within %v: %s", patience, what)
		}
	}
}

// A light client syncs headers and filter headers past a checkpoint, follows new
// blocks, and finds what it looks for in the filter of a block.
func TestNeutrinoSyncsFromUs(t *testing.T) {
	n := start(t)
	n.rpc("generatetoaddress", "1105", payTo)
	dir := t.TempDir()
	db, err := walletdb.Create("bdb", filepath.Join(dir, "neutrino.db"), true, patience)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	client, err := neutrino.NewChainService(neutrino.Config{
		DataDir: dir, Database: db, ChainParams: chaincfg.RegressionNetParams, ConnectPeers: []string{n.addr},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer client.Stop()
	reaches := func(height uint32) {
		t.Helper()
		n.eventually(fmt.Sprintf("filter headers up to %d", height), func() bool {
			_, filters, err := client.RegFilterHeaders.ChainTip()
			_, blocks, err2 := client.BlockHeaders.ChainTip()
			return err == nil && err2 == nil && filters == height && blocks == height
		})
	}
	reaches(1105)
	n.rpc("generatetoaddress", "3", payTo)
	reaches(1108)
	hash, err := client.GetBlockHash(1108)
	if err != nil {
		t.Fatal(err)
	}
	if ours := strings.Trim(n.rpc("getbestblockhash"), `"`); hash.String() != ours {
		t.Errorf("its tip is %v, ours %s", hash, ours)
	}
	filter, err := client.GetCFilter(*hash, wire.GCSFilterRegular)
	if err != nil {
		t.Fatal(err)
	}
	script := append([]byte{0x00, 0x14}, 0x75, 0x1e, 0x76, 0xe8, 0x19, 0x91, 0x96, 0xd4, 0x54, 0x94, 0x1c, 0x45, 0xd1, 0xb3, 0xa3, 0x23, 0xf1, 0x43, 0x3b, 0xd6)
	if ok, err := filter.Match(builder.DeriveKey(hash), script); err != nil || !ok {
		t.Errorf("the block pays us, and its filter says %v, %v", ok, err)
	}
	if !strings.Contains(n.rpc("getpeerinfo"), "neutrino") {
		t.Error("neutrino was banned, or left")
	}
}
