package loader

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"grapevine/wallet"
	"grapevine/wallet/service"
)

// Of two that make a wallet of one name at once, one does, and nobody removes its file.
func TestOfTwoThatRestoreOrMakeAWalletOneDoes(t *testing.T) {
	all, copied := withBackup(t)
	restore := func(name string) error { return all.Restore(name, copied) }
	create := func(name string) error {
		return all.Create(name, func(s *service.Service) error {
			_, err := s.Create(context.Background(), "")
			return err
		})
	}
	for kind, other := range map[string]func(string) error{"restored": restore, "made": create} {
		for i := range 20 {
			name, ended := fmt.Sprintf("%s-%d", kind, i), make(chan error, 2)
			go func() { ended <- restore(name) }()
			go func() { ended <- other(name) }()
			x, y := <-ended, <-ended
			if x != nil {
				x, y = y, x
			}
			if x != nil || !errors.Is(y, wallet.ErrBusy) && !errors.Is(y, wallet.ErrTaken) {
				t.Errorf("%s: %v and %v", name, x, y)
			}
			if _, err := os.Stat(filepath.Join(all.path(name), all.cfg.File)); err != nil || !all.Loaded(name) {
				t.Errorf("%s: in use: %v; %v", name, all.Loaded(name), err)
			}
		}
	}
}
