package node

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"grapevine/chain/mempool/dump"
)

// Whoever stops while the pool is still being loaded finds all of it the next time.
func TestAPoolThatIsNotLoadedIsNotSaved(t *testing.T) {
	p := &poolFile{path: filepath.Join(t.TempDir(), "mempool.dat")}
	if _, err := p.Save(); !errors.Is(err, dump.ErrNotLoaded) {
		t.Errorf("saved: %v", err)
	}
	if _, err := os.Stat(p.path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file was written: %v", err)
	}
}
