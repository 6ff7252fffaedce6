package service

import (
	"encoding/json"
	"fmt"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// secrets is what of a wallet is private: sealed in the file once it is
// encrypted, out of memory while it is locked. It has no String, so that no log
// shows it.
type secrets struct {
	Words []byte // BIP39's, for people; empty: its keys were brought along
	Seed  []byte // BIP39's, so that the words' passphrase need not be kept
	// Private is a row's descriptor with its private keys by the public one, both
	// without checksum.
	Private map[string][]byte
}

// savedSecrets is secrets as JSON; texts stay readable in a file that is not encrypted.
type savedSecrets struct {
	Words   string            `json:"words,omitempty"`
	Seed    []byte            `json:"seed,omitempty"`
	Private map[string]string `json:"private,omitempty"`
}

func newSecrets() *secrets { return &secrets{Private: map[string][]byte{}} }

func (x *secrets) encode() ([]byte, error) {
	s := savedSecrets{string(x.Words), x.Seed, make(map[string]string, len(x.Private))}
	for public, private := range x.Private {
		s.Private[public] = string(private)
	}
	raw, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode wallet secrets: %w", err)
	}
	return raw, nil
}

func decodeSecrets(raw []byte) (*secrets, error) {
	var s savedSecrets
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, fmt.Errorf("read wallet secrets: %w", err)
	}
	x := newSecrets()
	x.Words, x.Seed = []byte(s.Words), s.Seed
	for public, private := range s.Private {
		x.Private[public] = []byte(private)
	}
	return x, nil
}

// wipe overwrites what is private.
func (x *secrets) wipe() {
	clear(x.Words)
	clear(x.Seed)
	for _, private := range x.Private {
		clear(private)
	}
	*x = *newSecrets()
}

// addSeed makes the rows of a seed: BIP44, 49, 84 and 86, to be paid at and for change.
func (st *state) addSeed(seed []byte, words string, since int64) error {
	keys, err := wallet.NewKeys(seed, st.params)
	if err != nil {
		return err
	}
	st.secrets.Seed, st.secrets.Words = seed, []byte(words)
	for _, branch := range wallet.Branches() {
		r, err := st.addRow(savedRow{
			Desc: keys.Descriptor(branch), Timestamp: since, Active: true, Internal: branch.Change, Words: true,
			Roots: []savedRoot{{keys.Root(), true}},
		})
		if err != nil {
			return err
		}
		st.secrets.Private[r.Desc] = []byte(keys.Private(branch))
	}
	st.dirt.keys, st.dirt.secrets = true, true
	return nil
}

// private is a row's descriptor with its private keys; nil: they are not there.
func (st *state) private(r *row) (*descriptor.Descriptor, error) {
	if st.secrets == nil || st.secrets.Private[r.Desc] == nil {
		return nil, nil
	}
	d, err := descriptor.Parse(string(st.secrets.Private[r.Desc]), st.params.Params, false)
	if err != nil {
		return nil, fmt.Errorf("read a private descriptor: %w", err)
	}
	return d, nil
}

// provider is what signing the inputs of a transaction needs: the keys and
// scripts of those that are ours. wallet.ErrLocked: the keys are locked away.
func (st *state) provider(coins map[string]chain.Coin) (*descriptor.Provider, error) {
	if st.secrets == nil && !st.watchOnly {
		return nil, wallet.ErrLocked
	}
	known := descriptor.NewProvider()
	private := map[*row]*descriptor.Descriptor{} // reading one takes as long as a signature
	for script := range coins {
		for own := st.scripts[script]; own != nil; own = own.also {
			d, there := private[own.row]
			if !there {
				var err error
				if d, err = st.private(own.row); err != nil {
					return nil, err
				}
				if d == nil {
					d = own.row.public
				}
				private[own.row] = d
			}
			if _, err := d.Expand(own.Index, known); err != nil {
				return nil, err
			}
			d.Secrets(own.Index, known)
		}
	}
	return known, nil
}
