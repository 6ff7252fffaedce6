package service

import (
	"slices"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
	"grapevine/wallet/spend"
)

// state is what one wallet knows, in memory. It is not safe for use by several
// goroutines at once.
type state struct {
	settings
	name      string   // what clients call the wallet
	secrets   *secrets // nil: it is locked, or watchOnly
	seal      *seal    // nil: it is not encrypted
	copies    []string // files that hold the secrets in clear, as far as is known
	watchOnly bool     // no private key may be
	blank     bool     // see Service.Keys

	rows    []*row            // descriptors whose scripts are watched, in the order they came
	scripts map[string]*owned // every script in rows
	reach   uint32            // how much of the lookahead is made by now; see fill

	txs      map[chain.Hash]*record
	spenders map[wire.OutPoint][]*record // wallet transactions by what they spend, foreign coins too
	list     []*record                   // the same as txs, in the order they came
	order    uint64                      // of the next record
	orphans  []orphan                    // rewards that have just left the chain
	news     []news                      // what the log and others are to hear of

	coins   []*output // unspent, oldest first; as of the last call of settled
	stirred []*record // since then; each once

	book       map[string]string          // labels of others' scripts
	avoidReuse bool                       // coins of scripts that were spent from are told apart
	locked     map[wire.OutPoint]bool     // set aside by Lock; true: durably
	held       map[wire.OutPoint]struct{} // by a transaction being made
	shapes     map[shapeKey]spend.Shape   // of what was asked for by now

	cursor *chain.HeaderNode // the block that the state stands at
	reread reread
	dirt   dirt
}

// settings are what the node says of all its wallets.
type settings struct {
	params    *chain.Params
	lookahead uint32 // scripts of each row past the last one handed out that are watched

	kind   wallet.Kind  // of addresses where nobody names one [-addresstype]
	change *wallet.Kind // of change; nil: see changeKind [-changetype]

	noFresh bool // nothing unconfirmed is trusted [-spendzeroconfchange=0]
}

// newState makes the state of a new wallet that stands at block at. Words are kept
// for people; the seed is what counts. Without one it has no keys.
func newState(seed []byte, words string, set settings, at *chain.HeaderNode) (*state, error) {
	st := emptyState(set)
	st.secrets = newSecrets()
	st.cursor = at
	st.dirt.keys, st.dirt.secrets = true, true
	st.reread = reread{birth: at.Height, next: nowhere}
	if seed != nil {
		if err := st.addSeed(seed, words, at.Header.Timestamp.Unix()); err != nil {
			return nil, err
		}
		st.reach = min(firstReach, st.lookahead) // see fill
	}
	err := st.derive()
	st.allScanned()
	return st, err
}

func emptyState(set settings) *state {
	return &state{
		settings: set, reach: set.lookahead,
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

// rename names a wallet that nobody has used yet. One that is in use keeps its
// name: who calls it so is not to find another's money, or none.
func (st *state) rename(name string) error {
	if name == st.name {
		return nil
	}
	if st.name != "" || !st.unused() {
		return wallet.ErrExists
	}
	st.name, st.dirt.keys = name, true
	return nil
}

// unused says that nobody has heard of an address of this wallet.
func (st *state) unused() bool {
	return len(st.txs) == 0 && !slices.ContainsFunc(st.rows, func(r *row) bool { return !r.Words || r.Next > 0 })
}

// hand gives out the next script of a row and names it. Beyond says that so
// many before it were never paid to that a wallet restored from its words will
// not find it.
func (st *state) hand(branch wallet.Branch, label string) (script []byte, beyond bool, err error) {
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
