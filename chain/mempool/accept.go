package mempool

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/history"
	"grapevine/chain/policy"
	"grapevine/chain/script"
)

// scene is what transactions are checked against: the coin set at a tip, the
// pool, and the transactions of the same package that were checked before.
type scene struct {
	pool  *Pool
	view  View
	tip   *chain.HeaderNode
	flags txscript.ScriptFlags // consensus for the next block
	terms

	earlier map[chain.Hash]*entry // by txid; those of the same package
}

// terms are what a transaction is checked on [ATMPArgs].
type terms struct {
	// returning: given back by a reorganisation. The floors do not hold: it was
	// paid for and mined once [bypass_limits].
	returning   bool
	confirmed   map[*entry]bool // of the pool; as if they were in a block still
	height      int32           // of the tip at entry; 0: the tip's own
	replace     bool            // it may take the place of others (RBF)
	sibling     bool            // also of a version 3 sibling that shares no input with it
	carveOut    bool            // one descendant more, see checkChain
	packageRate bool            // the floor is asked of the package, not of each member
	maxRate     policy.FeeRate  // of who submits it; 0: any
	cost        *time.Duration  // grows by what scripts take; nil: nobody asks
}

// writing are the terms on which the writer checks.
func (p *Pool) writing(on terms) terms {
	on.cost = &p.cost
	return on
}

// alone are the terms of a transaction that comes by itself.
func alone() terms { return terms{replace: true, sibling: true, carveOut: true} }

func (p *Pool) scene(on terms) *scene {
	view := p.cfg.View()
	tip := view.Tip()
	next := &chain.HeaderNode{Height: tip.Height + 1, Parent: tip}
	return &scene{pool: p, view: view, tip: tip, flags: chain.ScriptFlags(p.cfg.Params, next), terms: on}
}

// draft is a transaction while it is checked.
type draft struct {
	tx        *chain.Tx
	entry     *entry
	coins     []chain.Coin // by input; those of the pool have the next block's height
	found     []bool       // by input
	parents   []*entry
	above     []*entry // its ancestors in the pool
	conflicts []*entry // pool transactions that it takes the place of
	leaving   []*entry // they and all that build on them
	sibling   bool     // one of conflicts shares no input with it
	fee       btcutil.Amount
	modified  btcutil.Amount // the fee with what prioritisetransaction added
	sigOps    int
	vsize     int
}

// check asks everything that Add asks, in Core's order (AcceptSingleTransaction),
// the cheap questions first. It changes nothing.
func (s *scene) check(tx *chain.Tx) (*draft, error) {
	d, err := s.preCheck(tx)
	if err != nil {
		return nil, err
	}
	if err := s.checkReplacing(d); err != nil {
		return nil, err
	}
	if err := s.checkScripts(d); err != nil {
		return nil, err
	}
	return d, nil
}

// preCheck asks what needs no script to run and no comparison with what would
// be replaced [PreChecks].
func (s *scene) preCheck(tx *chain.Tx) (*draft, error) {
	if err := s.checkAlone(tx); err != nil {
		return nil, err
	}
	d := &draft{tx: tx, coins: make([]chain.Coin, len(tx.TxIn)), found: make([]bool, len(tx.TxIn))}
	for _, check := range []func(*draft) error{s.meetPool, s.fetch, s.checkInputs, s.checkFee, s.checkGraph, s.checkMaxRate} {
		if err := check(d); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// checkAlone looks at the transaction and the tip only.
func (s *scene) checkAlone(tx *chain.Tx) error {
	if err := chain.CheckTx(tx); err != nil {
		return err
	}
	if tx.IsCoinbase() {
		return chain.Broken(chain.Rule(policy.ErrCoinbase), "")
	}
	if rules := s.pool.cfg.Rules; !rules.AnyForm {
		if err := rules.CheckTx(tx); err != nil {
			return err
		}
	}
	if err := policy.CheckBareSize(tx); err != nil {
		return err
	}
	if !chain.IsFinal(tx, s.tip.Height+1, s.tip.MedianTimePast()) {
		return refused(policy.ErrNonFinal)
	}
	return nil
}

// meetPool finds what the pool says of the transaction: that it is there, what
// stands against it, and which of its coins are made there.
func (s *scene) meetPool(d *draft) error {
	g := s.pool.graph
	s.pool.mu.RLock()
	defer s.pool.mu.RUnlock()
	if g.byWTxID(d.tx.WID) != nil {
		return refused(policy.ErrInPool)
	}
	if g.byTxID(d.tx.ID) != nil {
		return refused(policy.ErrSameTxID)
	}
	for i, in := range d.tx.TxIn {
		op := in.PreviousOutPoint
		if other := g.spender(op); other != nil && !slices.Contains(d.conflicts, other) {
			if err := s.meetConflict(other); err != nil {
				return err
			}
			d.conflicts = append(d.conflicts, other)
		}
		if err := s.meetParent(d, i, op); err != nil {
			return err
		}
	}
	return nil
}

// meetConflict asks whether a pool transaction may be replaced at all.
func (s *scene) meetConflict(other *entry) error {
	optIn := s.pool.cfg.Rules.OptIn && !signals(other) && other.Tx.Version != policy.TRUCVersion
	switch {
	case s.returning:
		return refused(policy.ErrConflict)
	case !s.replace:
		return refused(policy.ErrNoReplacement)
	case optIn:
		return refused(policy.ErrConflict)
	}
	return nil
}

func (s *scene) meetParent(d *draft, i int, op wire.OutPoint) error {
	parent := s.pool.graph.byTxID(op.Hash)
	if parent == nil {
		parent = s.earlier[op.Hash]
	}
	if parent == nil {
		return nil
	}
	coin, ok := parent.Coin(op.Index, s.tip.Height+1)
	if !ok {
		// The txid commits to the number of outputs: waiting will not help.
		return chain.Broken(chain.ErrInputsMissing, "%s has no such output", op)
	}
	d.coins[i], d.found[i] = coin, true
	if !slices.Contains(d.parents, parent) {
		d.parents = append(d.parents, parent)
	}
	return nil
}

// fetch reads from the chain the coins that the pool does not make.
func (s *scene) fetch(d *draft) error {
	var missing []chain.Hash
	for i, in := range d.tx.TxIn {
		if d.found[i] {
			continue
		}
		coin, ok, err := s.view.Coin(in.PreviousOutPoint)
		if err != nil {
			return err
		}
		if ok {
			d.coins[i], d.found[i] = coin, true
		} else if h := in.PreviousOutPoint.Hash; !slices.Contains(missing, h) {
			missing = append(missing, h)
		}
	}
	if missing == nil {
		return nil
	}
	known, err := s.inChain(d.tx)
	if err != nil {
		return err
	}
	if known {
		return refused(policy.ErrKnown)
	}
	return &chain.MissingError{Parents: missing}
}

// inChain says whether an output of the transaction is in the coin set, which
// explains why its inputs are not.
func (s *scene) inChain(tx *chain.Tx) (bool, error) {
	op := wire.OutPoint{Hash: tx.ID}
	for i := range min(len(tx.TxOut), maxProbes) {
		op.Index = uint32(i)
		if _, ok, err := s.view.Coin(op); err != nil || ok {
			return ok, err
		}
	}
	return false, nil
}

// checkInputs checks what is spent and how.
func (s *scene) checkInputs(d *draft) error {
	p, rules := s.pool.cfg.Params, s.pool.cfg.Rules
	if !chain.RelativeLock(d.tx, d.coins, s.tip).Open(s.tip) {
		return refused(policy.ErrSequenceLocked)
	}
	fee, err := chain.CheckTxInputs(p, d.tx, d.coins, s.tip.Height+1)
	if err != nil {
		return notYet(err)
	}
	d.fee, d.modified = fee, s.pool.modified(d.tx.ID, fee)
	if !rules.AnyForm {
		if err := rules.CheckInputs(d.tx, d.coins); err != nil {
			return err
		}
		if err := rules.CheckFeeOfDust(d.tx, fee, d.modified); err != nil {
			return err
		}
	}
	d.sigOps = chain.SigOpCost(d.tx, d.coins, chain.StandardFlags)
	d.vsize = rules.VSize(d.tx.Weight, d.sigOps)
	if d.sigOps > policy.MaxSigOpCost {
		return chain.Refused(policy.ErrTooManySigOps, "%d", d.sigOps)
	}
	return nil
}

// notYet turns the one rule that time heals into a refusal.
func notYet(err error) error {
	var rule *chain.RuleError
	if errors.As(err, &rule) && errors.Is(err, chain.ErrImmatureCoinbase) {
		return chain.Refused(policy.ErrImmature, "%s", rule.Detail)
	}
	return err
}

// checkFee holds what is paid to the floors.
func (s *scene) checkFee(d *draft) error {
	paid := policy.Paid{Fee: d.modified, VSize: d.vsize}
	if s.returning {
		return nil
	}
	if s.pool.cfg.Rules.PaysAlone(d.tx) {
		if err := s.pool.checkMinRelay(paid); err != nil {
			return err
		}
	}
	if s.packageRate {
		return nil
	}
	return s.pool.checkRates(paid)
}

// checkRates holds what is paid to both floors [CheckFeeRate].
func (p *Pool) checkRates(paid policy.Paid) error {
	if least := p.floorNow().Fee(paid.VSize); paid.Fee < least {
		return chain.Refused(policy.ErrPoolMinFee, "%d < %d", paid.Fee, least)
	}
	return p.checkMinRelay(paid)
}

func (p *Pool) checkMinRelay(paid policy.Paid) error {
	if least := p.cfg.Rules.MinRelay.Fee(paid.VSize); paid.Fee < least {
		refusal := chain.Refused(policy.ErrMinRelayFee, "%d < %d", paid.Fee, least)
		refusal.Bumpable = !p.cfg.Rules.EachPays
		return refusal
	}
	return nil
}

// checkMaxRate holds what is paid to what who submits it would pay at most.
func (s *scene) checkMaxRate(d *draft) error {
	if s.maxRate != 0 && policy.RateOf(d.modified, d.vsize) > s.maxRate {
		return refused(policy.ErrMaxRate)
	}
	return nil
}

func (s *scene) draftEntry(d *draft) *entry {
	e := newEntry(d)
	e.Height = cmp.Or(s.height, s.tip.Height)
	for i, in := range d.tx.TxIn {
		e.Coinbase = e.Coinbase || d.coins[i].Coinbase
		e.Relative = e.Relative || uint32(d.tx.Version) >= 2 && in.Sequence&wire.SequenceLockTimeDisabled == 0
	}
	if s.pool.cfg.ByScript {
		e.Scripts = history.Scripts(d.tx, d.coins)
		e.Usage += int64(len(e.Scripts)) * costScript
	}
	return e
}

// checkGraph asks whether the pool's graph stays within its limits.
func (s *scene) checkGraph(d *draft) error {
	s.pool.mu.RLock()
	defer s.pool.mu.RUnlock()
	d.entry = s.draftEntry(d)
	if err := s.checkChain(d); err != nil {
		return err
	}
	if err := s.checkTRUC(d); err != nil {
		return err
	}
	return checkSpendsNoConflict(d)
}

// checkReplacing asks whether the transaction may take the place of what it
// conflicts with. Dust of its parents comes before, as in Core.
func (s *scene) checkReplacing(d *draft) error {
	s.pool.mu.RLock()
	defer s.pool.mu.RUnlock()
	if err := s.checkDustSpent(d.entry); err != nil {
		return err
	}
	if len(d.conflicts) == 0 {
		return nil
	}
	return s.checkReplacement(d)
}

// checkScripts runs the scripts under the rules of relay. What fails by
// consensus too is a broken rule; else it is a refusal [ConsensusScriptChecks, CheckInputsFromMempoolAndCache].
func (s *scene) checkScripts(d *draft) error {
	err := s.timed(func() error { return s.pool.cfg.Script.CheckRelay(d.tx, d.coins, s.flags) })
	failed, ok := errors.AsType[*script.RelayFailure](err)
	if !ok {
		return err
	}
	word, said := s.pool.cfg.Rules.ScriptWord(failed.Reason, failed.Detail, failed.Broken)
	stripped := !d.tx.HasWitness() && slices.ContainsFunc(d.coins, wantsWitness)
	if failed.Broken && !stripped { // stripped on its way: nothing is said of the transaction itself
		return &chain.RuleError{Rule: chain.Rule(word), Detail: said}
	}
	return &chain.PolicyError{Policy: word, Detail: said, Stripped: stripped}
}

func (s *scene) timed(check func() error) error {
	watch := s.pool.cfg.Stopwatch
	if watch == nil || s.cost == nil {
		return check()
	}
	begin := watch()
	err := check()
	*s.cost += watch().Sub(begin)
	return err
}

func wantsWitness(c chain.Coin) bool {
	_, _, ok := policy.WitnessProgram(c.PkScript)
	return ok || txscript.IsPayToScriptHash(c.PkScript)
}

func refused(why chain.Policy) error { return &chain.PolicyError{Policy: why} }
