package node

import (
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"grapevine/chain"
	"grapevine/chain/ledger"
)

// invalidLead is by how many blocks of the tip's difficulty an invalid chain must have
// more work than ours for people to be told [CheckForkWarningConditions].
const invalidLead = 6

// warnings are what people should know of the chain that the node follows: rules that it
// does not know are in force, or a chain with far more work is invalid to it [node::Warnings].
// They are shown by RPC while they hold, and told once each.
type warnings struct {
	versions *chain.VersionBits
	invalid  func() []ledger.ChainTip // the ends of all branches
	alert    func(text string)
	log      *slog.Logger

	// The follower's alone:
	tip    *chain.HeaderNode // nil before the first move
	worst  *chain.HeaderNode // the invalid chain with the most work; nil: none [m_best_invalid]
	looked bool              // for worst, of before this run

	mu    sync.Mutex
	texts []string // the follower alone changes them
}

// current are the warnings that hold. It may be asked at any time.
func (w *warnings) current() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string{}, w.texts...)
}

// follow looks at what an event changed, once the node is synced: who knows that is asked only where
// there is something to say, or to take back. soon says which unknown rules are locked in; they are no
// warning yet.
func (w *warnings) follow(ev ledger.Event, syncing func() bool) (soon string) {
	w.branches(ev)
	if ev.Delta != nil {
		w.tip = ev.Delta.Tip
	}
	if w.tip == nil {
		return ""
	}
	lockedIn, active := w.versions.NewRules(w.tip)
	disagree := w.worst != nil && w.worst.Work.Cmp(w.tip.Work.Add(chain.WorkOf(w.tip.Header.Bits).Times(invalidLead))) > 0
	if !disagree && len(lockedIn)+len(active)+len(w.texts) == 0 || syncing() {
		return ""
	}
	for _, bit := range lockedIn {
		if soon != "" {
			soon += ", "
		}
		soon += newRules(bit)
	}
	var texts []string
	for _, bit := range active {
		texts = append(texts, newRules(bit))
	}
	if disagree {
		texts = append(texts, "Warning: We do not appear to fully agree with our peers! You may need to upgrade, or other nodes may need to upgrade.")
	}
	w.tell(texts)
	return soon
}

func newRules(bit int) string {
	return fmt.Sprintf("Unknown new rules activated (versionbit %d)", bit)
}

// tell alerts people of what is new among texts, which hold from now on.
func (w *warnings) tell(texts []string) {
	w.mu.Lock()
	before := w.texts
	w.texts = texts
	w.mu.Unlock()
	for _, text := range texts {
		if !slices.Contains(before, text) {
			w.log.Warn("people are warned", "text", text)
			w.alert(text)
		}
	}
}

// branches finds the worst chain anew when a branch became invalid, or valid again.
func (w *warnings) branches(ev ledger.Event) {
	if w.looked && len(ev.Invalid)+len(ev.Valid) == 0 {
		return
	}
	w.looked, w.worst = true, nil
	for _, t := range w.invalid() {
		if t.Status == "invalid" && (w.worst == nil || t.Node.Work.Cmp(w.worst.Work) > 0) {
			w.worst = t.Node
		}
	}
}
