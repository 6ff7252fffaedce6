package state

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Secrets is what of a wallet is private: sealed in the file once it is
// encrypted, out of memory while it is locked. It has no String, so that no log
// shows it.
type Secrets struct {
	Words []byte // BIP39's, for people; empty: its keys were brought along
	Seed  []byte // BIP39's, so that the words' passphrase need not be kept
	// Private is a row's descriptor with its private keys by the public one, both
	// without checksum.
	Private map[string][]byte
}

func newSecrets() *Secrets { return &Secrets{Private: map[string][]byte{}} }

// encode writes a line for each: "words …", "seed HEX", "private PUBLIC PRIVATE".
// No copy of it is left in memory but the one that is returned, for the caller to wipe.
func (x *Secrets) encode() []byte {
	n := len(x.Words) + 2*len(x.Seed) + 16
	for public, private := range x.Private {
		n += len(public) + len(private) + 16
	}
	out := make([]byte, 0, n)
	if len(x.Words) > 0 {
		out = append(append(append(out, "words "...), x.Words...), '\n')
	}
	if len(x.Seed) > 0 {
		out = append(hex.AppendEncode(append(out, "seed "...), x.Seed), '\n')
	}
	for _, public := range slices.Sorted(maps.Keys(x.Private)) {
		out = append(append(out, "private "...), public...)
		out = append(append(append(out, ' '), x.Private[public]...), '\n')
	}
	return out
}

var errSecrets = errors.New("the wallet's secrets are damaged")

func decodeSecrets(raw []byte) (*Secrets, error) {
	x := newSecrets()
	for len(raw) > 0 {
		line, rest, whole := bytes.Cut(raw, []byte{'\n'})
		kind, text, found := bytes.Cut(line, []byte{' '})
		if !whole || !found {
			return nil, errSecrets
		}
		switch string(kind) {
		case "words":
			x.Words = bytes.Clone(text)
		case "seed":
			x.Seed = make([]byte, hex.DecodedLen(len(text)))
			if _, err := hex.Decode(x.Seed, text); err != nil {
				return nil, errSecrets
			}
		case "private":
			public, private, found := bytes.Cut(text, []byte{' '})
			if !found {
				return nil, errSecrets
			}
			x.Private[string(public)] = bytes.Clone(private)
		default:
			return nil, errSecrets
		}
		raw = rest
	}
	return x, nil
}

// Wipe overwrites what is private.
func (x *Secrets) Wipe() {
	clear(x.Words)
	clear(x.Seed)
	for _, private := range x.Private {
		clear(private)
	}
	*x = *newSecrets()
}

// addSeed makes the rows of a seed: BIP44, 49, 84 and 86, to be paid at and for change [SetupDescriptorGeneration].
func (st *State) addSeed(seed []byte, words string, since int64) error {
	keys, err := wallet.NewKeys(seed, st.Params)
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
func (st *State) private(r *row) (*descriptor.Descriptor, error) {
	if st.secrets == nil || st.secrets.Private[r.Desc] == nil {
		return nil, nil
	}
	d, err := descriptor.Parse(string(st.secrets.Private[r.Desc]), st.Params.Params, false)
	if err != nil {
		return nil, fmt.Errorf("read a private descriptor: %w", err)
	}
	return d, nil
}

// provider is what signing the inputs of a transaction needs: the keys and
// scripts of those that are ours. wallet.ErrLocked: the keys are locked away.
func (st *State) provider(coins map[string]chain.Coin) (*descriptor.Provider, error) {
	if st.Locked() {
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
