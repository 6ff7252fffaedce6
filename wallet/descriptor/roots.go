package descriptor

import (
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/chaincfg/v2"
)

// ExtendedKey is one that a descriptor was written with (BIP32).
type ExtendedKey struct {
	Public  string // xpub
	Private string // xprv; empty: it was not written
}

// ExtendedKeys are those that the descriptor was written with, in order.
func (d *Descriptor) ExtendedKeys() (list []ExtendedKey) {
	for _, k := range d.root.all() {
		if k.ext == nil {
			continue
		}
		one := ExtendedKey{Public: k.ext.String()}
		if k.extPrv != nil {
			one.Private = k.extPrv.String()
		}
		list = append(list, one)
	}
	return list
}

// Adopt takes over the private keys that another reading of the same descriptor
// has and this one has not.
func (d *Descriptor) Adopt(other *Descriptor) {
	keys := other.root.all()
	for n, k := range d.root.all() {
		if n < len(keys) && !k.private() && keys[n].private() {
			*k = *keys[n]
			d.secrets = true
		}
	}
}

// Hardened are the public keys at an index of those keys whose last step is hardened,
// which only who has the private ones can make. ErrPrivate: they are not here.
func (d *Descriptor) Hardened(index uint32) (pubs [][]byte, err error) {
	for _, k := range d.root.all() {
		if k.derive != hardly {
			continue
		}
		pub, err := k.derived(index)
		if err != nil {
			return nil, err
		}
		pubs = append(pubs, pub)
	}
	return pubs, nil
}

// Tell has a descriptor without private keys know what Hardened answered for an index of
// the one that has them: it goes on from there as if it could make them.
func (d *Descriptor) Tell(index uint32, pubs [][]byte) {
	for _, k := range d.root.all() {
		if k.derive != hardly || len(pubs) == 0 {
			continue
		}
		if k.told == nil {
			k.told = map[uint32][]byte{}
		}
		k.told[index], pubs = pubs[0], pubs[1:]
	}
}

// all are the keys, in the order in which they are written.
func (e *expr) all() []*key {
	list := slices.Clone(e.keys)
	for _, sub := range e.subs {
		list = append(list, sub.all()...)
	}
	return list
}

// PublicExtended reads an extended public key of a network.
func PublicExtended(text string, net *chaincfg.Params) bool {
	k, err := hdkeychain.NewKeyFromString(text)
	return err == nil && !k.IsPrivate() && k.IsForNet(net)
}

// Place is where the only key of a descriptor stands at an index, also where the key
// itself cannot be derived; false: it has several, or none below an extended one.
func (d *Descriptor) Place(index uint32) (o Origin, ok bool) {
	keys := d.root.all()
	if len(keys) != 1 || keys[0].ext == nil {
		return o, false
	}
	o, err := keys[0].place(index)
	return o, err == nil
}
