package process

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"grapevine/testnet"
)

// A node that could not even write its log is explained all the same.
func TestMuteNodeIsExplained(t *testing.T) {
	n, err := Create(config(t.TempDir(), "GV_FAKE=mute"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Add(t.Context(), testnet.Spec{}); err == nil || !strings.Contains(err.Error(), "said nothing; start it by hand") {
		t.Errorf("got %v", err)
	}
	if err := whyMute(filepath.Join(t.TempDir(), "not there")); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "cannot be written") {
		t.Errorf("a directory that takes nothing: %v", err)
	}
}
