package service

import (
	"errors"
	"runtime"
	"testing"

	"grapevine/wallet"
)

// An address that is asked for while words are restored over a wallet that nobody has
// used is one of the wallet that is there afterwards.
func TestAnAddressIsOfTheWalletThatStays(t *testing.T) {
	w := newWorld(t)
	alice := w.user(1)
	alice.balance() // it makes itself
	st, err := alice.stateOf(oldTestWords, "", true)
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		script []byte
		err    error
	}
	told := make(chan answer, 1)
	alice.fileMu.Lock() // as replace has it while it writes
	go func() {
		script, err := alice.NewAddress(t.Context(), wallet.SegWit, "")
		told <- answer{script, err}
	}()
	for used := false; !used; runtime.Gosched() {
		alice.mu.Lock()
		used = !alice.state.Unused()
		alice.mu.Unlock()
	}
	alice.mu.Lock()
	alice.state = st
	alice.mu.Unlock()
	alice.fileMu.Unlock()
	got := <-told
	alice.mu.Lock()
	_, ours, err := st.Whose(got.script)
	alice.mu.Unlock()
	if got.err != nil || err != nil || !ours {
		t.Errorf("%x is of the seed that is gone (%v)", got.script, got.err)
	}
	// Once an address was told the wallet is in use, however late that is seen.
	if err := alice.replace(st, true); !errors.Is(err, wallet.ErrExists) {
		t.Errorf("over a wallet in use: %v", err)
	}
}
