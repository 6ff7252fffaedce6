package service

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Import is a descriptor that somebody brings along [importdescriptors].
type Import struct {
	Desc  *descriptor.Descriptor
	Label string
	// Start and End are the indices watched, End excluded; of one without a
	// range they are 0 and 1. Next is handed out next.
	Start, End, Next uint32
	Timestamp        int64 // Unix seconds; nothing was paid to it before
	Active           bool  // new addresses of its kind come from it
	Internal         bool  // they are for change
}

// imported is an Import that is watched.
type imported struct {
	Import
	known *descriptor.Provider // of all its indices, private keys apart
	owned []*owned             // in order; combo() has several at each index
}

// savedImport is what the file holds of one. The descriptor is there with its
// private keys.
type savedImport struct {
	Desc      string `json:"desc"`
	Label     string `json:"label,omitempty"`
	Start     uint32 `json:"start"`
	End       uint32 `json:"end"`
	Next      uint32 `json:"next"`
	Timestamp int64  `json:"timestamp"`
	Active    bool   `json:"active,omitempty"`
	Internal  bool   `json:"internal,omitempty"`
}

func (im *imported) saved() savedImport {
	text := im.Desc.Spend()
	return savedImport{text, im.Label, im.Start, im.End, im.Next, im.Timestamp, im.Active, im.Internal}
}

func (st *state) savedImports() (list []savedImport) {
	for _, im := range st.imports {
		list = append(list, im.saved())
	}
	return list
}

func (st *state) loadImports(list []savedImport) error {
	for _, s := range list {
		d, err := descriptor.Parse(s.Desc, st.params.Params, true)
		if err != nil {
			return fmt.Errorf("read imported descriptor: %w", err)
		}
		if err := st.addImport(Import{d, s.Label, s.Start, s.End, s.Next, s.Timestamp, s.Active, s.Internal}); err != nil {
			return err
		}
	}
	return nil
}

// addImport watches a descriptor; one that is there already is replaced, and
// keeps what it watched.
func (st *state) addImport(i Import) error {
	im := &imported{Import: i, known: descriptor.NewProvider()}
	for n, old := range st.imports {
		if old.Desc.String() != i.Desc.String() {
			continue
		}
		im.Start, im.End, im.Next = min(old.Start, i.Start), max(old.End, i.End), max(old.Next, i.Next)
		st.imports = append(st.imports[:n:n], st.imports[n+1:]...)
		break
	}
	if im.Active {
		for _, other := range st.imports {
			if other.Internal == im.Internal && other.Desc.OutputType() == im.Desc.OutputType() {
				other.Active = false
			}
		}
	}
	st.imports = append(st.imports, im)
	st.dirt.keys = true
	return st.watchImport(im, im.Start)
}

// watchImport makes the scripts of an import from index first on.
func (st *state) watchImport(im *imported, first uint32) error {
	for index := first; index < im.End; index++ {
		scripts, err := im.Desc.Expand(index, im.known)
		if err != nil {
			return fmt.Errorf("scripts of a descriptor: %w", err)
		}
		for _, script := range scripts {
			own := &owned{script: string(script), from: im}
			own.KeyPath = wallet.KeyPath{Branch: wallet.Branch{Kind: kindOf(script), Change: im.Internal}, Index: index}
			if old := st.scripts[own.script]; old != nil {
				if old.from == nil {
					continue // the wallet's own keys come first
				}
				own.label = old.label
			}
			if im.Label != "" {
				st.label(own, im.Label)
			}
			im.owned = append(im.owned, own)
			st.scripts[own.script] = own
		}
	}
	return nil
}

// kindOf is the kind whose inputs weigh about as much as a script's.
func kindOf(script []byte) wallet.Kind {
	switch version, _, err := txscript.ExtractWitnessProgramInfo(script); {
	case err == nil && version == 0:
		return wallet.SegWit
	case err == nil:
		return wallet.Taproot
	case txscript.IsPayToScriptHash(script):
		return wallet.Nested
	}
	return wallet.Legacy
}

// importPaid moves the range of an import past an index that was paid to or
// handed out.
func (st *state) importPaid(own *owned) error {
	im := own.from
	if !im.Desc.Ranged() || own.Index < im.Next {
		return nil
	}
	im.Next = own.Index + 1
	st.dirt.keys = true
	if end := im.Next + st.lookahead; end > im.End {
		first := im.End
		im.End = end
		return st.watchImport(im, first)
	}
	return nil
}

// active is the import that new addresses of a kind come from; nil: none.
func (st *state) active(branch wallet.Branch) *imported {
	for _, im := range st.imports {
		if im.Active && im.Internal == branch.Change && im.Desc.OutputType() == branch.Kind.String() {
			return im
		}
	}
	return nil
}

// nextOwned is the next script of a row or of the import in its place.
func (st *state) nextOwned(branch wallet.Branch) (*owned, error) {
	if im := st.active(branch); im != nil {
		for _, own := range im.owned {
			if own.Index == im.Next {
				return own, nil
			}
		}
	}
	if st.keyless() {
		return nil, wallet.ErrNoKeys
	}
	i := rowOf(branch)
	return st.rows[i][st.next[i]], nil
}

// keyless says that the wallet has no keys of its own.
func (st *state) keyless() bool { return st.keys == nil }

// parentDesc is the descriptor that a script comes from, without checksum.
func (st *state) parentDesc(own *owned) string {
	if own.from == nil {
		return st.keys.Descriptor(own.Branch)
	}
	text, ok := own.from.Desc.Normal()
	if !ok {
		text = own.from.Desc.String()
	}
	body, err := descriptor.WithoutChecksum(text, true)
	if err != nil {
		return text // unreachable: it was written with its checksum
	}
	return body
}

// describeImported is what is known of a script that was imported.
func (st *state) describeImported(own *owned) (wallet.Owned, error) {
	im, script := own.from, []byte(own.script)
	body, err := descriptor.WithoutChecksum(descriptor.Infer(script, st.params.Params, im.known).String(), true)
	if err != nil {
		return wallet.Owned{}, err
	}
	o := wallet.Owned{
		Kind: own.Kind, Change: own.Change, Index: own.Index, Label: own.label,
		Desc: body, ParentDesc: st.parentDesc(own), Unsolvable: !im.Desc.Solvable(),
	}
	if txscript.IsPayToScriptHash(script) {
		o.Redeem = im.known.Scripts[descriptor.ID(script[2:22])]
	}
	alone := descriptor.NewProvider()
	if _, err := im.Desc.Expand(own.Index, alone); err == nil && len(alone.Origins) == 1 {
		for _, origin := range alone.Origins {
			o.PubKey = origin.PubKey
			if len(origin.Path) > 0 {
				o.Path, o.Master = descriptor.PathText(origin.Path), hex.EncodeToString(origin.Fingerprint[:])
			}
		}
	}
	return o, nil
}

// importRows describes what was imported, as listdescriptors shows it.
func (st *state) importRows() (list []wallet.Row) {
	for _, im := range st.imports {
		r := wallet.Row{Desc: im.Desc.String(), Private: im.Desc.Spend(), Next: im.Next, First: im.Start, Len: im.End, Imported: true, Active: im.Active, Ranged: im.Desc.Ranged(), Timestamp: im.Timestamp}
		if text, ok := im.Desc.Normal(); ok {
			r.Desc = text
		}
		r.Change = im.Internal
		list = append(list, r)
	}
	return list
}

// CreateBlank makes a wallet without keys: what it watches is imported. With
// watch it never takes a private key.
func (s *Service) CreateBlank(_ context.Context, watch bool) error {
	st, err := newState(nil, "", s.cfg.settings(), s.cfg.Chain.Tip())
	if err != nil {
		return err
	}
	st.watchOnly = watch
	return s.install(st, false)
}

// Keys says what keys a wallet may have: watch, none that are private; blank,
// it has none yet.
func (s *Service) Keys() (watch, blank bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == nil {
		return false, false
	}
	return s.state.watchOnly, s.state.keyless() && len(s.state.imports) == 0
}

// AddDescriptors watches descriptors from now on, durably. What was paid to
// them before is found by Rescan.
func (s *Service) AddDescriptors(ctx context.Context, list []Import) error {
	return s.change(ctx, func(st *state) error {
		var errs []error
		for _, i := range list {
			errs = append(errs, st.addImport(i))
		}
		return errors.Join(errs...)
	})
}

// RescanSince searches all blocks that may pay to what was first used at that
// time (Unix seconds): block times run up to two hours late [TIMESTAMP_WINDOW].
func (s *Service) RescanSince(ctx context.Context, since int64) error {
	const window = 2 * 60 * 60 // seconds
	tip := s.cfg.Chain.Tip()
	first := tip
	for n := tip; n != nil && n.Header.Timestamp.Unix() >= since-window; n = n.Parent {
		first = n
	}
	if first == tip && tip.Header.Timestamp.Unix() < since-window {
		return s.searchPoolNow()
	}
	return s.Rescan(ctx, first.Height, tip.Height)
}

// searchPoolNow looks at what waits in the pool.
func (s *Service) searchPoolNow() error {
	s.mu.Lock()
	s.poolDue = true
	s.mu.Unlock()
	return errors.Join(s.searchPool(), s.flush())
}

// provider is what signing the inputs of a transaction needs: the keys and
// scripts of those that are ours. Secrets of imported keys are derived for
// their indices only.
func (st *state) provider(coins map[string]chain.Coin) (*descriptor.Provider, error) {
	known := descriptor.NewProvider()
	for script := range coins {
		own := st.scripts[script]
		switch {
		case own == nil:
		case own.from != nil:
			if _, err := own.from.Desc.Expand(own.Index, known); err != nil {
				return nil, err
			}
			own.from.Desc.Secrets(own.Index, known)
		default:
			prv, err := st.keys.PrivKey(own.KeyPath)
			if err != nil {
				return nil, err
			}
			known.AddOwn(descriptor.Secret{Key: prv, Compressed: true})
		}
	}
	return known, nil
}
