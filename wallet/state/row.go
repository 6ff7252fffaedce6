package state

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/wallet"
	"grapevine/wallet/descriptor"
)

// Import is a descriptor that is to be watched [importdescriptors].
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

// row is a descriptor whose scripts are watched: one that was made from the
// wallet's words, or one that was brought along.
type row struct {
	savedRow
	id     int                    // its place in state.rows, and in the keys of its scripts
	public *descriptor.Descriptor // Desc, read
	kind   string                 // Core's word for its addresses; empty: none
	per    uint32                 // scripts at each index; those of combo() are several
	owned  []*owned               // per at each index, from Start on

	paid    uint32 // the first index past all that were paid to
	written int    // how many of owned the file holds
	goal    uint32 // what Scanned becomes when a reading ends; see reread
}

// savedRow is what the file holds of a row. Nothing of it is private.
type savedRow struct {
	Desc  string `json:"desc"` // public, hardened steps done where they can be, without checksum
	Label string `json:"label,omitempty"`
	Start uint32 `json:"start,omitempty"`
	End   uint32 `json:"end"`  // the range's end; of the words' rows more may be watched, see reread
	Next  uint32 `json:"next"` // the first index not handed out
	// Hardened are public keys behind a hardened last step, of each index from Start on
	// (Core: DescriptorCache).
	Hardened  [][][]byte `json:"hardened,omitempty"`
	Timestamp int64      `json:"timestamp"`
	Active    bool       `json:"active,omitempty"`
	Internal  bool       `json:"internal,omitempty"`
	// Words says that it was made from the wallet's words, which may be at work
	// elsewhere too: see reread. Scanned is how many of its scripts all blocks
	// since the wallet's birth were searched for.
	Words   bool   `json:"words,omitempty"`
	Scanned uint32 `json:"scanned,omitempty"`
	// Roots are the extended keys that it was written with.
	Roots []savedRoot `json:"roots,omitempty"`
}

// savedRoot is an extended public key (BIP32) in a descriptor as it was brought.
type savedRoot struct {
	Key     string `json:"key"`
	Private bool   `json:"private,omitempty"` // the wallet has its private half
}

// owned is one of our scripts.
type owned struct {
	wallet.KeyPath
	script string
	row    *row
	also   *owned // the same script in another row

	// What follows is kept at the first of those that have the same script, which
	// is the one in state.scripts.
	label  string
	named  bool // somebody has set the label, "" perhaps
	reused bool // a transaction of ours has spent a coin of it
}

// addRow watches one more descriptor, but makes no script yet.
func (st *State) addRow(s savedRow) (*row, error) {
	d, err := descriptor.Parse(s.Desc, st.Params.Params, false)
	if err != nil {
		return nil, fmt.Errorf("read a wallet's descriptor: %w", err)
	}
	r := &row{savedRow: s, id: len(st.rows), public: d, kind: d.OutputType(), per: uint32(d.PerIndex())}
	for i, pubs := range s.Hardened {
		d.Tell(s.Start+uint32(i), pubs)
	}
	st.rows = append(st.rows, r)
	return r, nil
}

// AddImport watches a descriptor; one that is there already is changed, and may
// watch more, never less [DescriptorScriptPubKeyMan::UpdateWalletDescriptor].
func (st *State) AddImport(i Import) error {
	text := i.Desc.Public()
	r := st.rowOf(text)
	if r != nil && (i.Start > r.Start || i.End < r.End) {
		return fmt.Errorf("%w = [%d,%d]", wallet.ErrRange, r.Start, r.End-1)
	}
	if err := st.keepKeys(text, i.Desc); err != nil {
		return err
	}
	if r == nil {
		var err error
		if r, err = st.addRow(savedRow{Desc: text, Start: i.Start, End: i.Start}); err != nil {
			return err
		}
	}
	r.addRoots(i.Desc)
	wasActive := r.Active
	r.Label, r.Timestamp, r.Next = i.Label, i.Timestamp, i.Next
	if st.dirt.keys = true; i.Active || !wasActive || r.Internal == i.Internal {
		st.activate(r, i.Active, i.Internal)
	}
	var before []*owned
	if i.Start < r.Start { // its scripts are made anew, in order
		for _, own := range r.owned {
			before = append(before, st.scripts[own.script])
			st.unwatch(own)
		}
		r.owned, r.Hardened, r.Start, r.End, r.written = nil, nil, i.Start, i.Start, 0
	}
	if err := st.extend(r, i.End); err != nil {
		return err
	}
	for _, old := range before {
		now := st.scripts[old.script]
		now.label, now.named, now.reused = old.label, old.named, old.reused
	}
	for _, own := range r.owned {
		if own.Change = r.Internal; r.Label != "" || !r.public.Ranged() && !r.Internal {
			st.label(st.scripts[own.script], r.Label)
		}
	}
	return st.topUp(r)
}

// keepKeys keeps the private keys of a descriptor, with those that are there.
func (st *State) keepKeys(text string, d *descriptor.Descriptor) error {
	if !d.HasSecrets() {
		return nil
	}
	if st.secrets == nil {
		return wallet.ErrLocked
	}
	if old := st.secrets.Private[text]; old != nil {
		had, err := descriptor.Parse(string(old), st.Params.Params, false)
		if err != nil {
			return fmt.Errorf("read a private descriptor: %w", err)
		}
		d.Adopt(had)
	}
	st.secrets.Private[text] = []byte(descriptor.Bare(d.Spend()))
	st.dirt.secrets = true
	clear(st.shapes) // another key may sign now
	return nil
}

// addRoots notes the extended keys that a row was written with.
func (r *row) addRoots(d *descriptor.Descriptor) {
	for _, k := range d.ExtendedKeys() {
		at := slices.IndexFunc(r.Roots, func(old savedRoot) bool { return old.Key == k.Public })
		switch {
		case at < 0:
			r.Roots = append(r.Roots, savedRoot{k.Public, k.Private != ""})
		case k.Private != "":
			r.Roots[at].Private = true
		}
	}
}

// rowOf is the row of a public descriptor, nil when it is not watched.
func (st *State) rowOf(text string) *row {
	i := slices.IndexFunc(st.rows, func(r *row) bool { return r.Desc == text })
	if i < 0 {
		return nil
	}
	return st.rows[i]
}

// activate lets new addresses of its kind come from a row, or from it no more.
func (st *State) activate(r *row, on, internal bool) {
	if on {
		for _, other := range st.rows {
			if other != r && other.Active && other.Internal == internal && other.kind == r.kind {
				st.keepBook(other)
				other.Active = false
			}
		}
	}
	if r.Active && (!on || r.Internal != internal) {
		st.keepBook(r)
	}
	r.Active, r.Internal = on, internal
	st.dirt.keys = true
}

// active is the row that new addresses of a kind come from; nil: none.
func (st *State) active(branch wallet.Branch) *row {
	for _, r := range st.rows {
		if r.Active && r.Internal == branch.Change && r.kind == branch.Kind.String() {
			return r
		}
	}
	return nil
}

// made is the index up to which a row has its scripts.
func (r *row) made() uint32 { return r.Start + uint32(len(r.owned))/r.per }

// topUp makes scripts of a row until they reach as far past next as they have to by now.
func (st *State) topUp(r *row) error {
	if !r.public.Ranged() {
		return st.extend(r, 1)
	}
	return st.extend(r, max(r.Next+st.reach, r.Start))
}

// derive tops up all rows.
func (st *State) derive() error {
	for _, r := range st.rows {
		if err := st.topUp(r); err != nil {
			return err
		}
	}
	return nil
}

// grow makes scripts of a row up to an index. Behind a hardened step they can be
// made only while the keys are there.
func (st *State) grow(r *row, end uint32) error {
	end = min(end, maxIndex)
	from := r.public
	for index := r.made(); index < end; index++ {
		scripts, err := from.Expand(index, nil)
		if errors.Is(err, descriptor.ErrPrivate) {
			from, err = st.private(r)
			if from == nil {
				return err
			}
			scripts, err = from.Expand(index, nil)
		}
		if err == nil && from != r.public {
			err = r.keepHardened(index, from)
			st.dirt.keys = true
		}
		if err != nil {
			return fmt.Errorf("scripts of a descriptor: %w", err)
		}
		for _, script := range scripts {
			st.watch(r, string(script))
		}
	}
	return nil
}

// keepHardened keeps the public keys behind a hardened last step: what was made while the
// keys were there can be looked at, and weighed, when they are locked away.
func (r *row) keepHardened(index uint32, private *descriptor.Descriptor) error {
	pubs, err := private.Hardened(index)
	if err != nil || len(pubs) == 0 || int(index-r.Start) != len(r.Hardened) {
		return err
	}
	r.Hardened = append(r.Hardened, pubs)
	r.public.Tell(index, pubs)
	return nil
}

// extend makes scripts of a row up to an index, which are its range from now on.
func (st *State) extend(r *row, end uint32) error {
	if err := st.grow(r, end); err != nil {
		return err
	}
	if end = min(end, r.made()); r.End < end {
		r.End, st.dirt.keys = end, true
	}
	return nil
}

// maxIndex is the end of all indices (BIP32).
const maxIndex = 1 << 31

// watch adds the next script of a row to those that are ours.
func (st *State) watch(r *row, script string) {
	own := &owned{script: script, row: r}
	own.KeyPath = wallet.KeyPath{Branch: wallet.Branch{Kind: wallet.KindOf([]byte(script)), Change: r.Internal}, Index: r.made()}
	r.owned = append(r.owned, own)
	first := st.scripts[script]
	if first == nil {
		st.scripts[script] = own
		st.watched++
		return
	}
	if own.row.public.Solvable() && !first.row.public.Solvable() { // who can spend says what it is
		own.label, own.named, own.reused, own.also = first.label, first.named, first.reused, first
		st.scripts[script] = own
		return
	}
	own.also, first.also = first.also, own
}

// unwatch takes a script out again.
func (st *State) unwatch(own *owned) {
	first := st.scripts[own.script]
	if first == own {
		if own.also == nil {
			delete(st.scripts, own.script)
			st.watched++
			return
		}
		own.also.label, own.also.named, own.also.reused = own.label, own.named, own.reused
		st.scripts[own.script] = own.also
		return
	}
	for at := first; at != nil; at = at.also {
		if at.also == own {
			at.also = own.also
		}
	}
}

// changeKind is the kind of change that hides best among payments, of those
// that the wallet has [TransactionChangeType].
func (st *State) changeKind(pay []wallet.Payment, o wallet.Options) wallet.Kind {
	switch {
	case o.ChangeKind != nil:
		return *o.ChangeKind
	case st.Change != nil:
		return *st.Change
	case st.Kind == wallet.Legacy: // who wants legacy addresses shows no other
		return wallet.Legacy
	}
	var paid [wallet.BranchCount]bool
	for _, p := range pay {
		if kind, ok := wallet.KindPaid(p.Script); ok {
			paid[kind] = true
		}
	}
	has := func(kind wallet.Kind) bool { return st.active(wallet.Branch{Kind: kind, Change: true}) != nil }
	for _, kind := range [...]wallet.Kind{wallet.Taproot, wallet.SegWit, wallet.Nested, wallet.Legacy} {
		if paid[kind] && has(kind) {
			return kind
		}
	}
	for _, kind := range [...]wallet.Kind{wallet.Taproot, wallet.SegWit} {
		if has(kind) {
			return kind
		}
	}
	return st.Kind
}

// canHand says whether addresses can be had from any row [CanGetAddresses].
func (st *State) canHand(change bool) bool {
	return slices.ContainsFunc(st.rows, func(r *row) bool {
		return r.Active && r.Internal == change && r.public.Ranged() && (!st.WatchOnly || r.Next < r.made())
	})
}

// nextOwned is the next script of the row that addresses of a kind come from.
func (st *State) nextOwned(branch wallet.Branch) (*owned, error) {
	if !st.canHand(branch.Change) {
		return nil, wallet.ErrNoKeys
	}
	r := st.active(branch)
	if r == nil {
		return nil, fmt.Errorf("%w: No %s addresses available.", wallet.ErrNoKind, branch.Kind)
	}
	if err := st.topUp(r); err != nil {
		return nil, err
	}
	if r.Next >= r.made() {
		return nil, wallet.ErrKeypool
	}
	return r.owned[(r.Next-r.Start)*r.per], nil
}

// handed notes that a script was given out. The rows grow when the next one is
// wanted, or one is paid to, as in Core.
func (st *State) handed(own *owned) {
	if r := own.row; own.Index >= r.Next && r.public.Ranged() {
		r.Next, st.dirt.keys = own.Index+1, true
	}
}

// used notes that a script of ours is known to somebody: it and those before it
// are not handed out any more [MarkUnusedAddresses].
func (st *State) used(own *owned) error {
	for ; own != nil; own = own.also {
		if r := own.row; own.Index >= r.Next && r.public.Ranged() {
			r.Next, st.dirt.keys = own.Index+1, true
			if err := st.topUp(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// Refill makes n scripts of each row that are not handed out; 0: as many as
// -keypool says [keypoolrefill].
func (st *State) Refill(n uint32) error {
	if st.Locked() {
		return wallet.ErrLocked
	}
	if n == 0 {
		n = st.Lookahead
	}
	for _, r := range st.rows {
		if r.public.Ranged() {
			if err := st.extend(r, r.Next+n); err != nil {
				return err
			}
		}
	}
	return nil
}

// DescribeRows describes the rows, as listdescriptors shows them. Private ones
// are there when the keys are.
func (st *State) DescribeRows() (list []wallet.Row, err error) {
	for _, r := range st.rows {
		shown := wallet.Row{
			Branch: wallet.Branch{Change: r.Internal}, Desc: r.Desc, Next: r.Next, First: r.Start,
			Active: r.Active, Ranged: r.public.Ranged(), Timestamp: r.Timestamp, Words: r.Words,
		}
		shown.Kind, _ = wallet.KindNamed(r.kind)
		shown.Len = r.End
		if !st.Whole() && r.Words {
			shown.Len = max(shown.Len, st.Lookahead) // a new wallet's are on their way
		}
		if st.secrets != nil {
			shown.Private = string(st.secrets.Private[r.Desc])
		}
		list = append(list, shown)
	}
	slices.SortFunc(list, func(x, y wallet.Row) int { return strings.Compare(x.Desc, y.Desc) })
	return list, nil
}

// Whose says where a script stands in the key tree, if it is ours.
func (st *State) Whose(script []byte) (o wallet.Owned, ours bool, err error) {
	own := st.scripts[string(script)]
	if own == nil {
		return o, false, nil
	}
	known, err := st.known(own)
	if err != nil {
		return o, false, err
	}
	o = wallet.Owned{
		Kind: own.Kind, Change: own.Change, Index: own.Index, Label: own.label, Booked: st.booked(own), Beyond: st.beyond(own),
		Desc:       descriptor.Bare(descriptor.Infer(script, st.Params.Params, known).String()),
		ParentDesc: own.row.Desc, Unsolvable: !own.row.public.Solvable(),
	}
	o.Timestamp = own.row.Timestamp
	outer := script
	if txscript.IsPayToScriptHash(script) {
		o.Redeem = known.Scripts[descriptor.ID(script[2:22])]
		outer = o.Redeem
	}
	if txscript.IsPayToWitnessScriptHash(outer) {
		o.Witness = known.Scripts[descriptor.IDOfProgram(outer[2:])]
	}
	if len(known.Origins) == 1 {
		for _, origin := range known.Origins {
			if o.PubKey = origin.PubKey; o.Witness != nil {
				break // what is behind a script has no place of its own [GetKeyForDestination]
			}
			o.Path, o.Master = descriptor.PathText(origin.Path), hex.EncodeToString(origin.Fingerprint[:])
		}
	} else if place, ok := own.row.public.Place(own.Index); ok && len(known.Origins) == 0 { // behind a hardened step, and locked
		o.Path, o.Master = descriptor.PathText(place.Path), hex.EncodeToString(place.Fingerprint[:])
	}
	return o, true, nil
}
