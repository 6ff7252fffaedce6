package electrum

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
)

// A certificate is made once; where one of its two files is missing, the other is left as it is.
func TestHalfACertificateIsNeverWrittenOver(t *testing.T) {
	dir := t.TempDir()
	first, err := certificate(dir, "127.0.0.1:0", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	again, err := certificate(dir, "127.0.0.1:0", rand.Reader)
	if err != nil || !bytes.Equal(first.Certificate[0], again.Certificate[0]) {
		t.Fatalf("a second start has another certificate, or %v", err)
	}
	for missing, left := range map[string]string{certFile: keyFile, keyFile: certFile} {
		half := t.TempDir()
		was, err := os.ReadFile(filepath.Join(dir, left))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(half, left), was, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := certificate(half, "127.0.0.1:0", rand.Reader); err == nil {
			t.Errorf("a certificate is made though %s is there", left)
		}
		if is, err := os.ReadFile(filepath.Join(half, left)); err != nil || !bytes.Equal(is, was) {
			t.Errorf("%s was written over: %v", left, err)
		}
		if _, err := os.Lstat(filepath.Join(half, missing)); err == nil {
			t.Errorf("%s was made for the %s that was there", missing, left)
		}
	}
}
