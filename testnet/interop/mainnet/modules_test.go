package mainnet

import (
	"bytes"
	"compress/bzip2"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The modules that carry the data. They need not be in go.mod.
const (
	btcd     = "github.com/btcsuite/btcd@v0.26.2"
	wireV2   = "github.com/btcsuite/btcd/wire/v2@v2.0.1"
	neutrino = "github.com/lightninglabs/neutrino@v0.17.1"
)

// fromModule reads a file of a module, unpacked if it is packed. The Go command
// downloads the module unless its cache has it.
func fromModule(t testing.TB, module, path string) []byte {
	t.Helper()
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Dir = t.TempDir() // in no module, so that no go.sum is written
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("download %s: %v\n%s", module, err, out)
	}
	var at struct{ Dir string }
	if err := json.Unmarshal(out, &at); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(at.Dir, filepath.FromSlash(path)))
	if err == nil && strings.HasSuffix(path, ".bz2") {
		raw, err = io.ReadAll(bzip2.NewReader(bytes.NewReader(raw)))
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
