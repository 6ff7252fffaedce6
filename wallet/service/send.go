package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/signer"
)

// Send pays: it chooses coins, signs, keeps the transaction on disk and then
// submits it. A transaction that the pool refuses is forgotten. One whose
// answer is not known, because the node stops or the caller has gone, is kept
// and submitted again: it is a payment, and who heard of an error would pay twice.
// Payments stand in random order.
func (s *Service) Send(ctx context.Context, pay []wallet.Payment, o wallet.Options) (Sent, error) {
	if len(pay) == 0 {
		return Sent{}, wallet.ErrNobody
	}
	for tries := 1; ; tries++ {
		sent, err := s.sendOnce(ctx, pay, o)
		if !errors.Is(err, policy.ErrNonFinal) || o.LockTime != nil {
			return sent, err
		}
		// The tip that gave the lock time has left the chain meanwhile. The
		// next try takes the new one; the last goes without.
		if tries == sendTries {
			o.LockTime = new(uint32)
		}
	}
}

// sendTries is how often a payment takes its lock time from a tip that goes
// away before it arrives.
const sendTries = 3

// Sent is a payment that was made, and where its fee rate came from.
type Sent struct {
	*chain.Tx
	Reason wallet.FeeReason
}

func (s *Service) sendOnce(ctx context.Context, pay []wallet.Payment, o wallet.Options) (sent Sent, err error) {
	if err := s.ready(ctx); err != nil {
		return sent, err
	}
	if watch, _ := s.Keys(); watch {
		return sent, wallet.ErrNoPrivate
	}
	q, err := s.shuffled(Request{Payments: pay, Options: o})
	if err != nil {
		return sent, err
	}
	f, err := s.fund(q, true)
	if err != nil {
		return sent, err
	}
	defer s.release(f.Spent)
	problems, err := s.sign(f.Tx, nil)
	if err != nil {
		return sent, err
	}
	if len(problems) > 0 {
		return sent, fmt.Errorf("%w: input %d: %s", wallet.ErrUnsigned, problems[0].Input, problems[0].Why)
	}
	tx, err := s.commit(ctx, chain.NewTx(f.Tx), o)
	return Sent{tx, f.Reason}, err
}

// shuffled puts the payments into random order.
func (s *Service) shuffled(q Request) (Request, error) {
	r, err := s.seeded()
	if err != nil {
		return q, err
	}
	order := r.Perm(len(q.Payments))
	pay := make([]wallet.Payment, len(order))
	var bear []int
	for to, from := range order {
		pay[to] = q.Payments[from]
		if slices.Contains(q.SubtractFee, from) {
			bear = append(bear, to)
		}
	}
	if len(bear) == len(q.SubtractFee) { // what is wrong with them is said later
		q.Payments, q.SubtractFee = pay, bear
	}
	return q, nil
}

// Commit keeps a signed transaction on disk and submits it, as Send does. A coin that
// a payment of ours has taken meanwhile is wallet.ErrSpent; not the coins of what
// Options.Replaces names, and not Options.Inputs [CommitTransaction].
func (s *Service) Commit(ctx context.Context, tx *chain.Tx, o wallet.Options) (*chain.Tx, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	sent, err := s.commit(ctx, tx, o)
	if !errors.Is(err, policy.ErrNonFinal) {
		return sent, err
	}
	return tx, s.keep(tx, o) // its time will come
}

func (s *Service) commit(ctx context.Context, tx *chain.Tx, o wallet.Options) (*chain.Tx, error) {
	if err := s.keep(tx, o); err != nil {
		return nil, err
	}
	return s.submit(ctx, tx)
}

// keep notes an own transaction, durably.
func (s *Service) keep(tx *chain.Tx, o wallet.Options) error {
	s.mu.Lock()
	err := s.state.CheckFree(tx, o)
	if err != nil { // a transaction of that name, if there is one, stays
		s.mu.Unlock()
		return err
	}
	err = s.state.Keep(tx, o, s.cfg.Now().Unix())
	s.mu.Unlock()
	if err == nil {
		err = s.flush()
	}
	if err != nil {
		s.drop(tx.ID)
	}
	return err
}

func (s *Service) drop(txid chain.Hash) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Forget(txid)
}

func (s *Service) submit(ctx context.Context, tx *chain.Tx) (*chain.Tx, error) {
	if s.cfg.Habits.Silent {
		return tx, nil
	}
	err := s.cfg.Submit(ctx, tx)
	switch {
	case err == nil:
		return tx, nil
	case errors.Is(err, policy.ErrLongChain) && s.cfg.Habits.LongChains:
		s.cfg.Log.Warn("a payment is made and kept, and will be sent again: too many wait for a block in a row", "txid", tx.ID, "err", err)
		return tx, nil
	case chain.IsVerdict(err):
		s.drop(tx.ID)
		return nil, errors.Join(fmt.Errorf("our own transaction was refused: %w", err), s.flush())
	}
	s.cfg.Log.Warn("a payment is made and kept, and will be sent again: nobody has answered yet", "txid", tx.ID, "err", err)
	return tx, nil
}

func (s *Service) release(coins []wallet.Coin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.Release(coins)
}

// seeded is the randomness of one transaction; its seed comes in by Config.Rand.
func (s *Service) seeded() (*rand.Rand, error) {
	var seed [32]byte
	if _, err := io.ReadFull(s.cfg.Rand, seed[:]); err != nil {
		return nil, fmt.Errorf("randomness for a transaction: %w", err)
	}
	return rand.New(rand.NewChaCha8(seed)), nil
}

// SignTx signs the inputs of tx that are ours, in place, with signatures of that
// kind. prev holds the coins that tx spends; those of the wallet need not be
// there. known, which may be nil, are scripts that the caller knows of. The
// transaction is complete when no problem is left.
func (s *Service) SignTx(ctx context.Context, tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin, known *descriptor.Provider, kind txscript.SigHashType) ([]wallet.SignProblem, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	return s.signWith(tx, prev, known, kind)
}

func (s *Service) sign(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) ([]wallet.SignProblem, error) {
	return s.signWith(tx, prev, nil, txscript.SigHashDefault)
}

func (s *Service) signWith(tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin, known *descriptor.Provider, kind txscript.SigHashType) ([]wallet.SignProblem, error) {
	s.mu.Lock()
	coins, own, err := s.state.Signing(tx, prev)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if known != nil {
		own.Merge(known)
	}
	return signer.Sign(tx, coins, own, kind), nil
}
