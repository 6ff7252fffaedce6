package service

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
	Desc      string `json:"desc"` // public, hardened steps done where they can be, without checksum
	Label     string `json:"label,omitempty"`
	Start     uint32 `json:"start,omitempty"`
	End       uint32 `json:"end"`  // indices before it are watched; while a wallet is filled not all of them are yet
	Next      uint32 `json:"next"` // the first index not handed out
	Timestamp int64  `json:"timestamp"`
	Active    bool   `json:"active,omitempty"`
	Internal  bool   `json:"internal,omitempty"`
	// Words says that it was made from the wallet's words, which may be at work
	// elsewhere too: see reread. Scanned is how many of its scripts all blocks
	// since the wallet's birth were searched for.
	Words   bool   `json:"words,omitempty"`
	Scanned uint32 `json:"scanned,omitempty"`
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

// publicText is the descriptor that a row is known by.
func publicText(d *descriptor.Descriptor) string {
	text, ok := d.Normal()
	if !ok {
		text = d.String()
	}
	return bare(text)
}

// bare takes the checksum from a descriptor.
func bare(text string) string {
	body, _, _ := strings.Cut(text, "#")
	return body
}

// addRow watches one more descriptor, but makes no script yet.
func (st *state) addRow(s savedRow) (*row, error) {
	d, err := descriptor.Parse(s.Desc, st.params.Params, false)
	if err != nil {
		return nil, fmt.Errorf("read a wallet's descriptor: %w", err)
	}
	r := &row{savedRow: s, id: len(st.rows), public: d, kind: d.OutputType(), per: uint32(d.PerIndex())}
	st.rows = append(st.rows, r)
	return r, nil
}

// addImport watches a descriptor; one that is there already keeps what it watched.
func (st *state) addImport(i Import) error {
	text := publicText(i.Desc)
	r := st.rowOf(text)
	if i.Desc.HasSecrets() {
		if st.secrets == nil {
			return wallet.ErrLocked
		}
		st.secrets.Private[text] = []byte(bare(i.Desc.Spend()))
		st.dirt.secrets = true
	}
	if r == nil {
		var err error
		if r, err = st.addRow(savedRow{Desc: text, Start: i.Start, End: i.Start, Next: i.Next}); err != nil {
			return err
		}
	}
	r.Label, r.Timestamp, r.Internal, r.Next = i.Label, i.Timestamp, i.Internal, max(r.Next, i.Next)
	st.activate(r, i.Active)
	st.dirt.keys = true
	var before []*owned
	if i.Start < r.Start { // its scripts are made anew, in order
		for _, own := range r.owned {
			before = append(before, st.scripts[own.script])
			st.unwatch(own)
		}
		i.End = max(i.End, r.End)
		r.owned, r.Start, r.End, r.written = nil, i.Start, i.Start, 0
	}
	if err := st.grow(r, i.End); err != nil {
		return err
	}
	for _, old := range before {
		now := st.scripts[old.script]
		now.label, now.named, now.reused = old.label, old.named, old.reused
	}
	for _, own := range r.owned {
		if r.Label != "" {
			st.label(st.scripts[own.script], r.Label)
		}
	}
	return st.topUp(r)
}

// rowOf is the row of a public descriptor, nil when it is not watched.
func (st *state) rowOf(text string) *row {
	i := slices.IndexFunc(st.rows, func(r *row) bool { return r.Desc == text })
	if i < 0 {
		return nil
	}
	return st.rows[i]
}

// activate lets new addresses of its kind come from a row, or from it no more.
func (st *state) activate(r *row, on bool) {
	if on {
		for _, other := range st.rows {
			if other != r && other.Active && other.Internal == r.Internal && other.kind == r.kind {
				st.keepBook(other)
				other.Active = false
			}
		}
	}
	if r.Active && !on {
		st.keepBook(r)
	}
	r.Active = on
	st.dirt.keys = true
}

// active is the row that new addresses of a kind come from; nil: none.
func (st *state) active(branch wallet.Branch) *row {
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
func (st *state) topUp(r *row) error {
	if !r.public.Ranged() {
		return st.grow(r, 1)
	}
	return st.grow(r, max(r.Next+st.reach, r.Start))
}

// derive tops up all rows.
func (st *state) derive() error {
	for _, r := range st.rows {
		if err := st.topUp(r); err != nil {
			return err
		}
	}
	return nil
}

// grow makes scripts of a row up to an index. Behind a hardened step they can be
// made only while the keys are there.
func (st *state) grow(r *row, end uint32) error {
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
		if err != nil {
			return fmt.Errorf("scripts of a descriptor: %w", err)
		}
		for _, script := range scripts {
			st.watch(r, string(script))
		}
	}
	if r.End < r.made() {
		r.End, st.dirt.keys = r.made(), true
	}
	return nil
}

// maxIndex is the end of all indices (BIP32).
const maxIndex = 1 << 31

// watch adds the next script of a row to those that are ours.
func (st *state) watch(r *row, script string) {
	own := &owned{script: script, row: r}
	own.KeyPath = wallet.KeyPath{Branch: wallet.Branch{Kind: kindOf([]byte(script)), Change: r.Internal}, Index: r.made()}
	r.owned = append(r.owned, own)
	first := st.scripts[script]
	if first == nil {
		st.scripts[script] = own
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
func (st *state) unwatch(own *owned) {
	first := st.scripts[own.script]
	if first == own {
		if own.also == nil {
			delete(st.scripts, own.script)
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

// nextOwned is the next script of the row that addresses of a kind come from.
func (st *state) nextOwned(branch wallet.Branch) (*owned, error) {
	r := st.active(branch)
	if r == nil {
		return nil, wallet.ErrNoKeys
	}
	if err := st.topUp(r); err != nil {
		return nil, err
	}
	if r.Next >= r.made() {
		return nil, wallet.ErrKeypool
	}
	return r.owned[(r.Next-r.Start)*r.per], nil
}

// used notes that a script of ours is known to somebody: it and those before it
// are not handed out any more.
func (st *state) used(own *owned) error {
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

// beyond says that a wallet restored from its words would not look as far.
func (st *state) beyond(own *owned) bool {
	return own.row.Words && own.Index >= own.row.paid+st.lookahead
}

// describeRows describes the rows, as listdescriptors shows them. Private ones
// are there when the keys are.
func (st *state) describeRows() (list []wallet.Row, err error) {
	for _, r := range st.rows {
		shown := wallet.Row{
			Branch: wallet.Branch{Change: r.Internal}, Desc: r.Desc, Next: r.Next, First: r.Start,
			Active: r.Active, Ranged: r.public.Ranged(), Timestamp: r.Timestamp, Words: r.Words,
		}
		shown.Kind, _ = wallet.KindNamed(r.kind)
		shown.Len = max(r.End, r.made())
		if shown.Ranged {
			shown.Len = max(shown.Len, r.Next+st.lookahead) // a new wallet's are on their way
		}
		if st.secrets != nil {
			shown.Private = string(st.secrets.Private[r.Desc])
		}
		list = append(list, shown)
	}
	return list, nil
}

// whose says where a script stands in the key tree, if it is ours.
func (st *state) whose(script []byte) (o wallet.Owned, ours bool, err error) {
	own := st.scripts[string(script)]
	if own == nil {
		return o, false, nil
	}
	known := descriptor.NewProvider()
	if _, err := own.row.public.Expand(own.Index, known); errors.Is(err, descriptor.ErrPrivate) {
		private, err := st.private(own.row)
		if err == nil && private != nil {
			_, err = private.Expand(own.Index, known)
		}
		if err != nil {
			return o, false, err
		}
	} else if err != nil {
		return o, false, err
	}
	o = wallet.Owned{
		Kind: own.Kind, Change: own.Change, Index: own.Index, Label: own.label, Beyond: st.beyond(own),
		Desc:       bare(descriptor.Infer(script, st.params.Params, known).String()),
		ParentDesc: own.row.Desc, Unsolvable: !own.row.public.Solvable(),
	}
	if txscript.IsPayToScriptHash(script) {
		o.Redeem = known.Scripts[descriptor.ID(script[2:22])]
	}
	if len(known.Origins) == 1 {
		for _, origin := range known.Origins {
			o.PubKey = origin.PubKey
			if len(origin.Path) > 0 {
				o.Path, o.Master = descriptor.PathText(origin.Path), hex.EncodeToString(origin.Fingerprint[:])
			}
		}
	}
	return o, true, nil
}
