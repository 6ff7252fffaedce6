package state

import (
	"slices"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/spend"
)

// State is what one wallet knows, in memory. It is not safe for use by several
// goroutines at once.
type State struct {
	Settings
	Name      string   // what clients call the wallet
	secrets   *Secrets // nil: it is locked, or WatchOnly
	seal      *Seal    // nil: it is not encrypted
	copies    []string // files that hold the secrets in clear, as far as is known
	WatchOnly bool     // no private key may be
	Blank     bool     // made to have no keys of its own, and has made none since

	rows    []*row            // descriptors whose scripts are watched, in the order they came
	scripts map[string]*owned // every script in rows
	watched uint64            // how often scripts were added to them, or taken from them
	reach   uint32            // how much of the lookahead is made by now; see ReachOut

	txs      map[chain.Hash]*record
	spenders map[wire.OutPoint][]*record // wallet transactions by what they spend, foreign coins too
	list     []*record                   // the same as txs, in the order they came
	order    uint64                      // of the next record
	orphans  []orphan                    // rewards that have just left the chain
	news     []News                      // what the log and others are to hear of

	coins   []*output // unspent, oldest first; as of the last call of settled
	stirred []*record // since then; each once

	book       map[string]string          // labels of others' scripts
	AvoidReuse bool                       // coins of scripts that were spent from are told apart
	locked     map[wire.OutPoint]bool     // set aside by Lock; true: durably
	held       map[wire.OutPoint]struct{} // by a transaction being made
	shapes     map[shapeKey]spend.Shape   // of what was asked for by now

	cursor *chain.HeaderNode // the block that the state stands at
	reread reread
	dirt   dirt
}

// Settings are what the node says of all its wallets.
type Settings struct {
	Params    *chain.Params
	Lookahead uint32 // scripts of each row past the last one handed out that are watched

	Kind   wallet.Kind  // of addresses where nobody names one [-addresstype]
	Change *wallet.Kind // of change; nil: see changeKind [-changetype]

	NoFresh bool // nothing unconfirmed is trusted [-spendzeroconfchange=0]
}

// New makes the state of a new wallet that stands at block at. Words are kept
// for people; the seed is what counts. Without one it has no keys.
func New(seed []byte, words string, set Settings, at *chain.HeaderNode) (*State, error) {
	st := emptyState(set)
	st.secrets = newSecrets()
	st.cursor = at
	st.dirt.keys, st.dirt.secrets = true, true
	st.reread = reread{birth: at.Height, next: Nowhere}
	if seed != nil {
		if err := st.addSeed(seed, words, at.Header.Timestamp.Unix()); err != nil {
			return nil, err
		}
		st.reach = min(FirstReach, st.Lookahead)
	}
	err := st.derive()
	st.allScanned()
	return st, err
}

// Born says when the keys of a new wallet were made, which may be long after the block that it
// stands at: nothing was paid to them before [SetupDescriptorGeneration].
func (st *State) Born(at time.Time) {
	for _, r := range st.rows {
		r.Timestamp = at.Unix()
	}
}

func emptyState(set Settings) *State {
	return &State{
		Settings: set, reach: set.Lookahead,
		scripts:  map[string]*owned{},
		txs:      map[chain.Hash]*record{},
		spenders: map[wire.OutPoint][]*record{},
		locked:   map[wire.OutPoint]bool{},
		book:     map[string]string{},
		held:     map[wire.OutPoint]struct{}{},
		shapes:   map[shapeKey]spend.Shape{},
		dirt:     newDirt(),
	}
}

// WatchAlone makes the state that of a wallet that is to have no private keys.
func (st *State) WatchAlone() {
	st.WatchOnly, st.secrets, st.dirt.secrets = true, nil, false
}

// SetAvoidReuse has coins of scripts that were spent from told apart, or not.
func (st *State) SetAvoidReuse(on bool) { st.AvoidReuse, st.dirt.keys = on, true }

// At is the block that the state stands at.
func (st *State) At() *chain.HeaderNode { return st.cursor }

// Secrets are nil while the wallet is locked, and of one that has none.
func (st *State) Secrets() *Secrets { return st.secrets }

// Locked says that there are private keys, and that they cannot be used now [IsLocked].
func (st *State) Locked() bool { return st.secrets == nil && !st.WatchOnly }

// Scripts are what is watched, to be looked for in filters.
func (st *State) Scripts() [][]byte {
	list := make([][]byte, 0, len(st.scripts))
	for script := range st.scripts {
		list = append(list, []byte(script))
	}
	return list
}

// Watched is another number whenever Scripts are others.
func (st *State) Watched() uint64 { return st.watched }

// Count is how many transactions there are.
func (st *State) Count() int { return len(st.txs) }

// Rename names a wallet that nobody has used yet. One that is in use keeps its
// name: who calls it so is not to find another's money, or none.
func (st *State) Rename(name string) error {
	if name == st.Name {
		return nil
	}
	if st.Name != "" || !st.Unused() {
		return wallet.ErrExists
	}
	st.Name, st.dirt.keys = name, true
	return nil
}

// Unused says that nobody has heard of an address of this wallet.
func (st *State) Unused() bool {
	return len(st.txs) == 0 && !slices.ContainsFunc(st.rows, func(r *row) bool { return !r.Words || r.Next > 0 })
}

// NewScript gives out the next script of a row and names it. Beyond says that so
// many before it were never paid to that a wallet restored from its words will
// not find it.
func (st *State) NewScript(branch wallet.Branch, label string) (script []byte, beyond bool, err error) {
	own, err := st.nextOwned(branch)
	if err != nil {
		return nil, false, err
	}
	if label != "" {
		st.label(st.scripts[own.script], label)
	}
	st.handed(own)
	return []byte(own.script), st.beyond(own), nil
}
