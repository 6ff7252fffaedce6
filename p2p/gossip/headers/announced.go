package headers

import (
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/headertree"
)

// Announced notes blocks that the peer has; the header of an unknown one is
// asked for, once for all of them.
func (s *Sync) Announced(t *Talk, hashes ...chain.Hash) {
	for _, h := range hashes {
		if e := s.tree.Find(h); e != nil {
			t.known.Has(e)
		} else {
			t.speaksOf(h)
		}
	}
	if t.unknown != (chain.Hash{}) && s.tree.Find(t.unknown) == nil && s.mayAskFor(t, t.unknown) {
		s.ask(t, s.tree.Best())
	}
}

// speaksOf notes that the peer has a block whose header we lack: its chain has grown. It may
// have enough work now, and is to be walked through to its end, whatever of it we
// were led through before: a branch may be longer than what was there then.
func (t *Talk) speaksOf(h chain.Hash) {
	if h != t.unknown {
		t.unknown, t.lowWork, t.progress = h, false, chain.Work{}
	}
}

// Resolve looks whether the block that the peer spoke of has got its header,
// from it or from others, and says so.
func (s *Sync) Resolve(t *Talk) bool {
	if t.unknown == (chain.Hash{}) {
		return false
	}
	e := s.tree.Find(t.unknown)
	if e == nil {
		return false
	}
	t.unknown = chain.Hash{}
	t.known.Has(e)
	return true
}

// Header validates the header of a block that came by itself. nil: the block is of
// no use: far from our tip, of unknown parent, or bad.
func (s *Sync) Header(t *Talk, h *wire.BlockHeader) *Entry {
	if e := s.tree.Find(chain.HeaderHash(h)); e != nil {
		return e
	}
	parent := s.tree.Find(h.PrevBlock)
	if parent == nil {
		t.speaksOf(chain.HeaderHash(h))
		s.ask(t, s.tree.Best())
		return nil
	}
	if !s.worthMemory(t, parent, []*wire.BlockHeader{h}) {
		s.log.Debug("low-work header ignored", "peer", t.Number, "hash", chain.HeaderHash(h))
		return nil
	}
	e, err := s.enter(parent, h)
	if err != nil {
		s.log.Debug("header refused", "peer", t.Number, "hash", chain.HeaderHash(h), "err", err)
		s.onBad(t, err)
		return nil
	}
	t.aside(s.tree.Best(), e, 1)
	return e
}

// enter validates one header, adds it to the tree and has it stored.
func (s *Sync) enter(parent *Entry, h *wire.BlockHeader) (*Entry, error) {
	e, err := s.insert(parent, h)
	if err == nil {
		s.store([]*chain.HeaderNode{e.Node})
	}
	return e, err
}

// Own finds or makes the place of a block of our own. No header enters the tree
// whose body came with it and is another's.
func (s *Sync) Own(b *chain.Block) (*Entry, error) {
	e, parent, err := s.own(&b.Header)
	switch {
	case err != nil:
		return nil, err
	case e != nil && (e.Stored || parent == nil): // genesis may be pruned, but that it is valid is no question
		return nil, chain.ErrDuplicate
	}
	if err := s.checkOwn(parent, b); err != nil {
		return nil, err
	}
	if e != nil {
		return e, nil
	}
	return s.enter(parent, &b.Header)
}

// OwnHeader takes a header of our own whose body may come or not.
func (s *Sync) OwnHeader(h *wire.BlockHeader) error {
	e, parent, err := s.own(h)
	if err == nil && e == nil {
		_, err = s.enter(parent, h)
	}
	return err
}

// own finds the place of a header of our own, nil when it has none yet, and what it
// builds on.
func (s *Sync) own(h *wire.BlockHeader) (e, parent *Entry, err error) {
	if e = s.tree.Find(chain.HeaderHash(h)); e != nil {
		if e.Bad != headertree.Good {
			return nil, nil, chain.Broken("duplicate-invalid", "block %s is known to be invalid", e.Node.Hash)
		}
		return e, e.Parent, nil
	}
	switch parent = s.tree.Find(h.PrevBlock); {
	case parent == nil:
		return nil, nil, chain.ErrUnknownParent
	case parent.Bad != headertree.Good:
		return nil, nil, chain.Broken(chain.ErrBadParent, "block %s is invalid", parent.Node.Hash)
	}
	return nil, parent, nil
}

// checkOwn says whether the body is its header's, and if not in which rule's words
// Bitcoin Core would say so: it may break others that are looked at before.
func (s *Sync) checkOwn(parent *Entry, b *chain.Block) error {
	misfit := chain.CheckCopy(s.params, parent.Node.Height+1, b)
	if misfit == nil {
		return nil
	}
	for _, check := range []func() error{
		func() error { return chain.CheckWork(s.params, &b.Header) },
		func() error { return chain.CheckBlock(s.params, b) },
		func() error { return chain.CheckHeaderContext(s.params, parent.Node, &b.Header, s.Clock()) },
		func() error { return chain.CheckBlockContext(s.params, parent.Node, b) },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return misfit
}
