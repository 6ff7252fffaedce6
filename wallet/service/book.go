package service

import (
	"cmp"
	"context"
	"slices"

	"grapevine/wallet"
)

// label names a script of ours.
func (st *state) label(own *owned, label string) {
	own.label, own.named = label, true
	st.dirt.labels[own.script] = struct{}{}
}

// setLabel names a script, ours or somebody else's.
func (st *state) setLabel(script []byte, label string) error {
	if own := st.scripts[string(script)]; own != nil {
		st.label(own, label)
		return nil
	}
	st.book[string(script)] = label
	st.dirt.labels[string(script)] = struct{}{}
	return nil
}

// labelOf is what the file holds of a script's label.
func (st *state) labelOf(script string) string {
	if own := st.scripts[script]; own != nil {
		return own.label
	}
	return st.book[script]
}

// loadLabel takes a label from the file.
func (st *state) loadLabel(script, label string) {
	if own := st.scripts[script]; own != nil {
		own.label, own.named = label, true
		return
	}
	st.book[script] = label
}

// booked says whether a script of ours is in the address book: it was named, handed
// out to be paid to, or passed over when a later one was. What comes back to any
// other is change [ScriptIsChange, m_address_book].
func (st *state) booked(own *owned) bool {
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
func (st *state) keepBook(r *row) {
	for _, own := range r.owned {
		if first := st.scripts[own.script]; !first.named && st.booked(first) {
			st.label(first, first.label)
		}
	}
}

// bookEntry is what the address book says of a script; ok is false when it says nothing.
func (st *state) bookEntry(script []byte) (label string, ok bool) {
	if own := st.scripts[string(script)]; own != nil {
		return own.label, st.booked(own)
	}
	label, ok = st.book[string(script)]
	return label, ok
}

// addressBook lists all that is in it, in the order of the addresses.
func (st *state) addressBook() ([]wallet.Addressee, error) {
	var list []wallet.Addressee
	add := func(script, label string, own bool) {
		if addr := wallet.AddressOf([]byte(script), st.params.Params); addr != "" {
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

// AddressBook are the addresses that were handed out, paid to or named, change apart.
func (s *Service) AddressBook(ctx context.Context) ([]wallet.Addressee, error) {
	return answer(ctx, s, (*state).addressBook)
}

// SetLabel names an address.
func (s *Service) SetLabel(ctx context.Context, script []byte, label string) error {
	return s.change(ctx, func(st *state) error { return st.setLabel(script, label) })
}

// beyond says that a wallet restored from its words would not look as far.
func (st *state) beyond(own *owned) bool {
	return own.row.Words && own.Index >= own.row.paid+st.lookahead
}
