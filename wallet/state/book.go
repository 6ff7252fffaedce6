package state

import (
	"cmp"
	"slices"

	"grapevine/wallet"
)

// label names a script of ours.
func (st *State) label(own *owned, label string) {
	own.label, own.named = label, true
	st.dirt.labels[own.script] = struct{}{}
}

// SetLabel names a script, ours or somebody else's [SetAddressBook].
func (st *State) SetLabel(script []byte, label string) error {
	if own := st.scripts[string(script)]; own != nil {
		st.label(own, label)
		return nil
	}
	st.book[string(script)] = label
	st.dirt.labels[string(script)] = struct{}{}
	return nil
}

// labelOf is what the file holds of a script's label.
func (st *State) labelOf(script string) string {
	if own := st.scripts[script]; own != nil {
		return own.label
	}
	return st.book[script]
}

// loadLabel takes a label from the file.
func (st *State) loadLabel(script, label string) {
	if own := st.scripts[script]; own != nil {
		own.label, own.named = label, true
		return
	}
	st.book[script] = label
}

// booked says whether a script of ours is in the address book: it was named, handed
// out to be paid to, or passed over when a later one was. What comes back to any
// other is change [ScriptIsChange, m_address_book].
func (st *State) booked(own *owned) bool {
	own = st.scripts[own.script]
	if own.named {
		return true
	}
	for ; own != nil; own = own.also {
		if r := own.row; !r.Internal && (!r.public.Ranged() || r.Active && own.Index < r.Next) {
			return true
		}
	}
	return false
}

// keepBook keeps the addresses of a row in the address book that are there, although
// no more are to come from it.
func (st *State) keepBook(r *row) {
	for _, own := range r.owned {
		if first := st.scripts[own.script]; !first.named && st.booked(first) {
			st.label(first, first.label)
		}
	}
}

// bookEntry is what the address book says of a script; ok is false when it says nothing.
func (st *State) bookEntry(script []byte) (label string, ok bool) {
	if own := st.scripts[string(script)]; own != nil {
		return own.label, st.booked(own)
	}
	label, ok = st.book[string(script)]
	return label, ok
}

// AddressBook lists all that is in it, in the order of the addresses.
func (st *State) AddressBook() ([]wallet.Addressee, error) {
	var list []wallet.Addressee
	add := func(script, label string, own bool) {
		if addr := wallet.AddressOf([]byte(script), st.Params.Params); addr != "" {
			list = append(list, wallet.Addressee{Address: addr, Script: []byte(script), Label: label, Own: own})
		}
	}
	for script, own := range st.scripts {
		if st.booked(own) {
			add(script, own.label, true)
		}
	}
	for script, label := range st.book {
		if st.scripts[script] == nil {
			add(script, label, false)
		}
	}
	slices.SortFunc(list, func(x, y wallet.Addressee) int { return cmp.Compare(x.Address, y.Address) })
	return list, nil
}

// beyond says that a wallet restored from its words would not look as far.
func (st *State) beyond(own *owned) bool {
	return own.row.Words && own.Index >= own.row.paid+st.Lookahead
}
