package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/btcsuite/btcd/btcutil/v2"
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
func (s *Service) Send(ctx context.Context, pay []wallet.Payment, o wallet.Options) (*chain.Tx, error) {
	if len(pay) == 0 {
		return nil, wallet.ErrNobody
	}
	if err := wallet.CheckPayments(pay); err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		tx, err := s.sendOnce(ctx, pay, o)
		if !errors.Is(err, policy.ErrNonFinal) || o.LockTime != nil {
			return tx, err
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

func (s *Service) sendOnce(ctx context.Context, pay []wallet.Payment, o wallet.Options) (*chain.Tx, error) {
	if err := s.ready(ctx); err != nil {
		return nil, err
	}
	f, err := s.fund(wallet.Draft{Payments: pay, Options: o}, true)
	if err != nil {
		return nil, err
	}
	defer s.release(f.Spent)
	problems, err := s.sign(f.Tx, nil)
	if err != nil {
		return nil, err
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("sign input %d: %s", problems[0].Input, problems[0].Why)
	}
	tx := chain.NewTx(f.Tx)
	if err := s.keep(tx, o.Comment); err != nil {
		return nil, err
	}
	return s.submit(ctx, tx)
}

// keep notes an own transaction, durably.
func (s *Service) keep(tx *chain.Tx, comment string) error {
	s.mu.Lock()
	err := s.state.keep(tx, comment, s.cfg.Now().Unix())
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
	s.state.forget(txid)
}

func (s *Service) submit(ctx context.Context, tx *chain.Tx) (*chain.Tx, error) {
	err := s.cfg.Submit(ctx, tx)
	switch {
	case err == nil:
		return tx, nil
	case chain.IsVerdict(err):
		s.drop(tx.ID)
		return nil, errors.Join(fmt.Errorf("our own transaction was refused: %w", err), s.flush())
	}
	s.cfg.Log.Warn("a payment is made and kept, and will be sent again: nobody has answered yet", "txid", tx.ID, "err", err)
	return tx, nil
}

// FundTx adds coins of ours (and change) to a transaction until it pays for
// its outputs and fee. Inputs that it has already stay and must be ours.
// With Options.Lock its coins are set aside at once, as by LockCoins.
func (s *Service) FundTx(ctx context.Context, tx *wire.MsgTx, o wallet.Options) (wallet.Funded, error) {
	d := wallet.Draft{Options: o, Template: tx}
	for _, out := range tx.TxOut {
		d.Payments = append(d.Payments, wallet.Payment{Script: out.PkScript, Amount: btcutil.Amount(out.Value)})
	}
	if err := wallet.CheckPayments(d.Payments); err != nil {
		return wallet.Funded{}, err
	}
	if err := s.ready(ctx); err != nil {
		return wallet.Funded{}, err
	}
	d.Options.Coins = nil
	for _, in := range tx.TxIn {
		d.Options.Coins = append(d.Options.Coins, in.PreviousOutPoint)
	}
	for _, op := range o.Coins {
		if !slices.Contains(d.Options.Coins, op) {
			d.Options.Coins = append(d.Options.Coins, op)
		}
	}
	f, err := s.fund(d, false)
	if err != nil {
		return wallet.Funded{}, err
	}
	return f, s.flush() // its change address must not be handed out again after a crash
}

// fund chooses the coins of d; hold keeps them from everybody else until
// release.
func (s *Service) fund(d wallet.Draft, hold bool) (wallet.Funded, error) {
	if d.FeeRate == 0 {
		if d.FeeRate, _ = s.FeeRate(d.Target); d.FeeRate == 0 {
			return wallet.Funded{}, wallet.ErrNoFeeRate
		}
	}
	r, err := s.seeded()
	if err != nil {
		return wallet.Funded{}, err
	}
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	s.mu.Lock()
	err = s.state.gather(&d)
	s.mu.Unlock()
	if err != nil {
		return wallet.Funded{}, err
	}
	d.Now = s.cfg.Now()
	f, err := d.Build(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		return wallet.Funded{}, s.state.explain(err)
	}
	if err := s.state.changeUsed(f); err != nil {
		return wallet.Funded{}, err
	}
	if hold {
		s.state.hold(f.Spent)
	}
	if d.Lock {
		return f, s.state.lockSpent(f.Spent)
	}
	return f, nil
}

// confirmTarget in blocks, when a call names none [DEFAULT_TX_CONFIRM_TARGET].
const confirmTarget = 6

// FeeRate is what a transaction pays that names no rate and is to confirm within
// target blocks; 0: nobody knows.
func (s *Service) FeeRate(target int) (policy.FeeRate, wallet.FeeReason) {
	if target <= 0 {
		target = confirmTarget
	}
	if s.cfg.EstimateFee != nil {
		if r, ok := s.cfg.EstimateFee(target); ok && r < wallet.MinFeeRate {
			return wallet.MinFeeRate, wallet.FeeMinimum
		} else if ok {
			return r, wallet.FeeEstimate
		}
	}
	return s.cfg.FallbackFeeRate, wallet.FeeFallback
}

func (s *Service) release(coins []wallet.Coin) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.release(coins)
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
	coins, own, err := s.state.signing(tx, prev)
	s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if known != nil {
		own.Merge(known)
	}
	return signer.Sign(tx, coins, own, kind), nil
}
