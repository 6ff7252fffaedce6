package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// HDKeys are the extended keys that the rows were written with, in order
// [gethdkeys]. Private asks for the private halves too: wallet.ErrLocked.
func (st *State) HDKeys(active, private bool) ([]wallet.HDKey, error) {
	if private && st.Locked() {
		return nil, wallet.ErrLocked
	}
	by := map[string]*wallet.HDKey{}
	for _, r := range st.rows {
		if active && !r.Active {
			continue
		}
		for _, root := range r.Roots {
			k := by[root.Key]
			if k == nil {
				k = &wallet.HDKey{Public: root.Key}
				by[root.Key] = k
			}
			k.HasPrivate = k.HasPrivate || root.Private
			one := wallet.HDUse{Desc: r.Desc, Active: r.Active}
			if !slices.Contains(k.Uses, one) {
				k.Uses = append(k.Uses, one)
			}
		}
	}
	list := []wallet.HDKey{}
	for _, k := range by {
		if private {
			var err error
			if k.Private, err = st.rootPrivate(k.Public); err != nil {
				return nil, err
			}
		}
		slices.SortFunc(k.Uses, func(x, y wallet.HDUse) int { return strings.Compare(x.Desc, y.Desc) })
		list = append(list, *k)
	}
	slices.SortFunc(list, func(x, y wallet.HDKey) int { return strings.Compare(x.Public, y.Public) })
	return list, nil
}

// rootPrivate is the private half of an extended key; empty: the wallet has none.
func (st *State) rootPrivate(public string) (string, error) {
	for _, r := range st.rows {
		if !slices.Contains(r.Roots, savedRoot{public, true}) {
			continue
		}
		d, err := st.private(r)
		if err != nil || d == nil {
			return "", err
		}
		for _, k := range d.ExtendedKeys() {
			if k.Public == public && k.Private != "" {
				return k.Private, nil
			}
		}
	}
	return "", nil
}

// AddKind makes the rows of a kind of addresses below an extended key, by
// default the only one of the active rows [createwalletdescriptor]. It answers
// their descriptors.
func (st *State) AddKind(kind wallet.Kind, changes []bool, root string, now int64) (descs []string, err error) {
	if st.Locked() {
		return nil, wallet.ErrLocked
	}
	if root == "" {
		keys, err := st.HDKeys(true, false)
		if err != nil {
			return nil, err
		}
		if len(keys) != 1 {
			return nil, wallet.ErrWhichKey
		}
		root = keys[0].Public
	}
	private := ""
	if !st.WatchOnly {
		if private, err = st.rootPrivate(root); err != nil {
			return nil, err
		}
	}
	if private == "" {
		return nil, fmt.Errorf("%w for %s is not known", wallet.ErrUnknownKey, root)
	}
	for _, change := range changes {
		text := wallet.KindDescriptor(private, wallet.Branch{Kind: kind, Change: change}, st.Params.HDCoinType)
		d, err := descriptor.Parse(text, st.Params.Params, false)
		if err != nil {
			return nil, fmt.Errorf("make a descriptor: %w", err)
		}
		if st.rowOf(d.Public()) != nil {
			continue
		}
		if err := st.AddImport(Import{Desc: d, End: st.Lookahead, Timestamp: now, Active: true, Internal: change}); err != nil {
			return nil, err
		}
		descs = append(descs, d.Public())
	}
	if descs == nil {
		return nil, wallet.ErrDescThere
	}
	st.Blank = false
	return descs, nil
}

// KeyOf is the private key behind a script that pays to the hash of one.
func (st *State) KeyOf(script []byte) (key descriptor.Secret, err error) {
	known, err := st.provider(map[string]chain.Coin{string(script): {}})
	if err != nil {
		return key, err
	}
	if !txscript.IsPayToPubKeyHash(script) {
		return key, wallet.ErrUnknownKey
	}
	pub, ok := known.PubKeyOf(script[3:23])
	if ok {
		key, ok = known.SecretOf(pub)
	}
	if !ok {
		return key, wallet.ErrUnknownKey
	}
	return key, nil
}
