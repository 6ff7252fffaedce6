package chain

import (
	"errors"
	"fmt"
	"strings"
)

// Rule is the kind of a broken consensus rule. Its text is Bitcoin Core's
// reject word, so that logs and RPC answers read as they do there.
//
// A Rule is an error itself: errors.Is(err, chain.ErrHighHash) asks which rule
// a *RuleError says was broken [GetRejectReason].
type Rule string

func (r Rule) Error() string { return string(r) }

// Is compares kinds: Bitcoin Core lets some words go on with a reason in
// parentheses, as bad-version(0x00000001), which does not change the kind.
func (r Rule) Is(target error) bool {
	t, ok := target.(Rule)
	return ok && wordKind(string(r)) == wordKind(string(t))
}

// wordKind is a reject word without the reason in parentheses after it.
func wordKind(word string) string {
	kind, _, _ := strings.Cut(word, "(")
	return strings.TrimSpace(kind)
}

// RuleError says that a header, block or transaction breaks a consensus rule.
// What it describes is invalid for ever, unless Mutated is set: then only this
// copy of the body is bad (it does not match its header), and another copy of
// the same block may be good [BlockValidationState].
type RuleError struct {
	Rule    Rule
	Detail  string // what exactly, for people; may be empty
	Mutated bool
	// Apart: the body breaks it by itself, and whoever found it does not mark the header for it.
	Apart bool
	Tx    Hash // whose script fails; zero: another rule is broken
}

func (e *RuleError) Error() string {
	if e.Detail == "" {
		return string(e.Rule)
	}
	return string(e.Rule) + ": " + e.Detail
}

func (e *RuleError) Unwrap() error { return e.Rule }

// Broken makes a *RuleError with a formatted detail.
func Broken(r Rule, format string, args ...any) *RuleError {
	return &RuleError{Rule: r, Detail: fmt.Sprintf(format, args...)}
}

// Policy is the kind of a broken relay policy, in Bitcoin Core's words.
type Policy string

func (p Policy) Error() string { return string(p) }

// Is compares kinds, as Rule.Is does.
func (p Policy) Is(target error) bool {
	t, ok := target.(Policy)
	return ok && wordKind(string(p)) == wordKind(string(t))
}

// PolicyError says that a transaction may be valid but is not relayed by us.
// It is never an offence of who sent it [TxValidationState].
type PolicyError struct {
	Policy Policy
	Detail string
	// Stripped: only this copy, without its witness, is refused. Its wtxid is the txid
	// of the whole one, so nothing may be remembered by it [TX_WITNESS_STRIPPED].
	Stripped bool
	// Bumpable: it pays too little by itself, and a child may pay for it.
	Bumpable bool
}

func (e *PolicyError) Error() string {
	if e.Detail == "" {
		return string(e.Policy)
	}
	return string(e.Policy) + ", " + e.Detail
}

func (e *PolicyError) Unwrap() error { return e.Policy }

// Refused makes a *PolicyError with a formatted detail.
func Refused(p Policy, format string, args ...any) *PolicyError {
	return &PolicyError{Policy: p, Detail: fmt.Sprintf(format, args...)}
}

// Not yet: the answer may be another one later.
var (
	// ErrUnknownParent: a header or block whose parent we do not have.
	ErrUnknownParent = errors.New("prev-blk-not-found")
	// ErrMissingCoin: a transaction spends a coin that no one we know made, or that is spent.
	ErrMissingCoin = errors.New("bad-txns-inputs-missingorspent")
	// ErrTimeTooNew: a header more than two hours ahead of our clock; never remembered as invalid.
	ErrTimeTooNew = errors.New("time-too-new")
	// ErrDuplicate: a block we already have.
	ErrDuplicate = errors.New("duplicate")
	// ErrInconclusive: a block stored on a branch with no more work than the tip's, not connected.
	ErrInconclusive = errors.New("inconclusive")
	// ErrPruned: the block was stored and its body deleted since.
	ErrPruned = errors.New("pruned data")
	// ErrDamaged: a stored block is not what was stored. Peers have it, so it is
	// asked of them again, and may be read later.
	ErrDamaged = errors.New("stored block is damaged, it is fetched again from peers")
	// ErrAwaited: the block is below a snapshot and has not come yet; it may be read later.
	ErrAwaited = errors.New("block has not come yet")
	// ErrShutdown: the node stops before the answer is known.
	ErrShutdown = errors.New("node is shutting down")
)

// IsVerdict says whether err says something of a transaction or block that was
// checked, and not of us: our disk, or a bug.
func IsVerdict(err error) bool {
	_, broken := errors.AsType[*RuleError](err)
	_, refused := errors.AsType[*PolicyError](err)
	return broken || refused || errors.Is(err, ErrMissingCoin)
}

// MissingError names the parents that a transaction waits for.
// errors.Is(err, ErrMissingCoin) holds.
type MissingError struct {
	Parents []Hash // txids, without duplicates, in input order
}

func (e *MissingError) Error() string { return ErrMissingCoin.Error() }
func (e *MissingError) Unwrap() error { return ErrMissingCoin }
