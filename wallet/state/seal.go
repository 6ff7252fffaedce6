package state

import (
	"io"
	"slices"
	"time"

	"grapevine/wallet"
	"grapevine/wallet/crypter"
)

// Seal is what makes a wallet an encrypted one.
type Seal struct {
	master []byte       // the key below, wrapped by the passphrase
	sealed []byte       // secrets, by the key
	key    *crypter.Key // nil: locked
	until  time.Time    // by the service's clock, when it locks itself
}

// sealContext keeps other sealed bytes from being taken for a wallet's secrets.
const sealContext = "grapevine wallet secrets"

// Reseal seals the secrets anew when they have changed.
func (st *State) Reseal(rand io.Reader) error {
	if st.seal == nil || !st.dirt.secrets || st.secrets == nil {
		return nil
	}
	if err := st.seal.put(rand, st.secrets); err != nil {
		return err
	}
	st.dirt.secrets, st.dirt.seal = false, true
	return nil
}

// put seals secrets by the key.
func (x *Seal) put(rand io.Reader, of *Secrets) error {
	plain := of.encode()
	defer clear(plain)
	sealed, err := x.key.Seal(rand, plain, []byte(sealContext))
	if err == nil {
		x.sealed = sealed
	}
	return err
}

// LockWallet wipes what is private from memory; what of it has changed stays, sealed.
func (st *State) LockWallet(rand io.Reader) error {
	if !st.Unlocked() {
		return nil
	}
	if err := st.Reseal(rand); err != nil {
		return err
	}
	if st.secrets != nil {
		st.secrets.Wipe()
		st.secrets = nil
	}
	st.seal.key.Wipe()
	st.seal.key, st.seal.until = nil, time.Time{}
	return nil
}

// NewSeal is what makes a state, once it has it, that of an encrypted wallet that is
// unlocked. One without secrets in memory has none to be sealed: wallet.ErrNoSecrets.
func (st *State) NewSeal(rand io.Reader, key *crypter.Key, master []byte) (*Seal, error) {
	if st.secrets == nil {
		return nil, wallet.ErrNoSecrets
	}
	x := &Seal{master: master, key: key}
	return x, x.put(rand, st.secrets)
}

// TakeSealed is Take for a file that is to hold nothing in clear: all that makes the
// wallet, and its secrets by a seal that the state has not yet.
func (st *State) TakeSealed(x *Seal) (Changes, error) {
	st.dirt.keys = true
	c, err := st.Take()
	clear(c.Secrets)
	c.Master, c.Sealed, c.Secrets = x.master, x.sealed, nil
	return c, err
}

// SealBy makes the wallet an encrypted one, as its file is.
func (st *State) SealBy(x *Seal) { st.seal = x }

// SealNew makes a wallet that is in no file yet an encrypted one, and unlocked.
func (st *State) SealNew(rand io.Reader, key *crypter.Key, master []byte) (err error) {
	st.seal, err = st.NewSeal(rand, key, master)
	st.dirt.secrets, st.dirt.seal = false, true
	return err
}

// Rewrap puts another wrapping in the place of the master key's, which it answers.
func (st *State) Rewrap(master []byte) (before []byte) {
	before, st.seal.master = st.seal.master, master
	st.dirt.keys, st.dirt.seal = true, true
	return before
}

// Encrypted says whether the wallet is encrypted [HasEncryptionKeys].
func (st *State) Encrypted() bool { return st.seal != nil }

// Master is the master key of an encrypted wallet, wrapped.
func (st *State) Master() []byte { return st.seal.master }

// Until is when an unlocked wallet locks itself, by the service's clock; else zero.
func (st *State) Until() time.Time {
	if st.seal == nil {
		return time.Time{}
	}
	return st.seal.until
}

// Unlocked says that the wallet is encrypted, and unlocked.
func (st *State) Unlocked() bool { return st.seal != nil && st.seal.key != nil }

// Lapsed says that an unlocked wallet is to be locked.
func (st *State) Lapsed(now time.Time) bool {
	return st.Unlocked() && !now.Before(st.seal.until)
}

// UnlockWallet takes what a key opens into memory, until then. What has changed since the
// last time is in what is opened. A key that opens nothing is wiped.
func (st *State) UnlockWallet(rand io.Reader, key *crypter.Key, until time.Time) error {
	if err := st.LockWallet(rand); err != nil {
		return err
	}
	x, err := st.seal.open(key)
	if err != nil {
		key.Wipe()
		return err
	}
	st.secrets, st.seal.key, st.seal.until = x, key, until
	return st.derive()
}

// maxCopies bounds which copies are remembered; the oldest is forgotten first.
const maxCopies = 100

// NoteCopy remembers a copy that was made while the wallet was not encrypted.
func (st *State) NoteCopy(path string) {
	if st.seal == nil && !st.WatchOnly && !slices.Contains(st.copies, path) {
		st.copies = append(st.copies, path)
		st.copies = st.copies[max(0, len(st.copies)-maxCopies):]
		st.dirt.keys = true
	}
}

// PlainCopies are the files that NoteCopy remembers.
func (st *State) PlainCopies() []string { return slices.Clone(st.copies) }

// Tells says whether secrets of another wallet are those of a row of this one.
func (x *Secrets) Tells(of *State) bool {
	return slices.ContainsFunc(of.rows, func(r *row) bool { return x.Private[r.Desc] != nil })
}

// open is what a key seals.
func (x *Seal) open(key *crypter.Key) (*Secrets, error) {
	plain, err := key.Open(x.sealed, []byte(sealContext))
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return decodeSecrets(plain)
}
