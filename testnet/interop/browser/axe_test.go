package browser

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// axe-core is fetched from npm's registry and kept in the user's cache; nothing of it is committed.
const (
	axeURL = "https://registry.npmjs.org/axe-core/-/axe-core-4.11.0.tgz"
	axeSum = "39bed7d72308f6d620789c169d699bfd7e8da80f65b545821a6b2215c3e83107" // SHA-256
	axeMax = 4 << 20
)

// axeSource is axe-core as one script; "" where the registry cannot be reached.
func axeSource(t *testing.T) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = t.TempDir()
	}
	kept := filepath.Join(cache, "grapevine-test", axeSum+".tgz")
	raw, err := os.ReadFile(kept)
	if err != nil {
		if raw = fetch(t, axeURL); raw == nil {
			return ""
		}
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != axeSum {
		t.Fatalf("axe-core is not what it was: SHA-256 %x", sum)
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o750); err == nil {
		_ = os.WriteFile(kept, raw, 0o600) // else it is fetched again
	}
	return unpack(t, raw, "package/axe.min.js")
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Logf("axe-core cannot be fetched (%v): its rules are not checked", err)
		return nil
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(answer.Body, axeMax))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Logf("axe-core cannot be fetched (%s, %v): its rules are not checked", answer.Status, err)
		return nil
	}
	return raw
}

func unpack(t *testing.T, raw []byte, name string) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if h.Name == name {
			text, err := io.ReadAll(io.LimitReader(r, axeMax))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
}

// violation is a rule that a page breaks.
type violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// accessible runs all of axe's rules over the page.
func (b *tab) accessible(where, axe string) {
	b.t.Helper()
	if axe == "" {
		return
	}
	eval[bool](b, axe+";true")
	for _, v := range eval[[]violation](b, `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations)`) {
		for _, n := range v.Nodes {
			b.t.Errorf("%s breaks %s (%s): %s\n%.300s\n%s", where, v.ID, v.Impact, v.Help, n.HTML, strings.TrimSpace(n.Summary))
		}
	}
}
