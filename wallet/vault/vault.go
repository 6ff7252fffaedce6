package vault

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/db"
	"grapevine/wallet"
)

// Schema is the version of wallet.db, for db.Open.
const Schema uint32 = 1

var errUnbuilt = errors.New("not built yet")

// Chain is what the wallet asks of the ledger.
type Chain interface {
	Tip() *chain.HeaderNode
	// AtHeight is the active chain's header at h, nil above the tip.
	AtHeight(h int32) *chain.HeaderNode
	Block(hash chain.Hash) (*chain.Block, error)
}

// Config of a Vault. DB, Params, Chain, Submit, Rand and Now are needed.
type Config struct {
	DB              *db.DB // wallet.db; the caller opens it and closes it after Run has returned
	Params          *chain.Params
	Chain           Chain
	Submit          func(ctx context.Context, tx *chain.Tx) error // the node's one door
	Rand            io.Reader
	Now             func() time.Time
	Log             *slog.Logger
	FallbackFeeRate wallet.FeeRate // when a call names none; 0: 20 sat/vB on regtest, elsewhere an error
}

// Vault is the wallet of one node.
type Vault struct{}

// Open reads the wallet in cfg.DB; there may be none yet.
func Open(cfg Config) (*Vault, error) { return nil, errUnbuilt }

// Run follows the chain until ctx ends.
func (v *Vault) Run(ctx context.Context) error { return errUnbuilt }

// Apply queues what happened, in order; it blocks only while the queue is full.
func (v *Vault) Apply(ctx context.Context, d chain.Delta, p chain.PoolDelta) error {
	return errUnbuilt
}

// Exists says whether there is a wallet. On regtest one makes itself at first use.
func (v *Vault) Exists() bool { return false }

// Status says how far the wallet has followed.
func (v *Vault) Status() wallet.Status { return wallet.Status{} }

// Settle waits until the wallet stands at the tip seen when the call began and
// has applied all that was queued before; progress (may be nil) hears of a long way.
func (v *Vault) Settle(ctx context.Context, progress func(wallet.Status)) error { return errUnbuilt }

// Create makes a wallet and returns its BIP39 words; passphrase is BIP39's, usually empty.
func (v *Vault) Create(ctx context.Context, passphrase string) (words string, err error) {
	return "", errUnbuilt
}

// Restore makes the wallet of these words and reads the chain from genesis in
// the background: Settle waits for it.
func (v *Vault) Restore(ctx context.Context, words, passphrase string) error { return errUnbuilt }

// Words are the wallet's BIP39 words.
func (v *Vault) Words(ctx context.Context) (string, error) { return "", errUnbuilt }

// NewAddress hands out an address never handed out before.
func (v *Vault) NewAddress(ctx context.Context, k wallet.Kind, label string) (address.Address, error) {
	return nil, errUnbuilt
}

// ChangeAddress hands out a fresh change address.
func (v *Vault) ChangeAddress(ctx context.Context, k wallet.Kind) (address.Address, error) {
	return nil, errUnbuilt
}

// Owned says whether a script is ours and where it stands in the key tree.
func (v *Vault) Owned(ctx context.Context, script []byte) (o wallet.Owned, ours bool, err error) {
	return o, false, errUnbuilt
}

// SetLabel names an address of ours.
func (v *Vault) SetLabel(ctx context.Context, script []byte, label string) error { return errUnbuilt }

// Balance of the wallet.
func (v *Vault) Balance(ctx context.Context) (wallet.Balance, error) {
	return wallet.Balance{}, errUnbuilt
}

// Coins are all unspent outputs, also those that cannot be spent yet.
func (v *Vault) Coins(ctx context.Context) ([]wallet.Coin, error) { return nil, errUnbuilt }

// History is count transactions, newest first, after skipping skip.
func (v *Vault) History(ctx context.Context, count, skip int) ([]wallet.Entry, error) {
	return nil, errUnbuilt
}

// Tx is one transaction of the wallet, or ErrUnknownTx.
func (v *Vault) Tx(ctx context.Context, txid chain.Hash) (wallet.Entry, error) {
	return wallet.Entry{}, errUnbuilt
}

// Send pays: it chooses coins, signs, keeps the transaction on disk and submits it.
func (v *Vault) Send(ctx context.Context, pay []wallet.Payment, o wallet.Options) (*chain.Tx, error) {
	return nil, errUnbuilt
}

// FundTx adds coins of ours (and change) to a transaction until it pays for
// its outputs and fee. Inputs that tx has already stay; they must be ours.
func (v *Vault) FundTx(ctx context.Context, tx *wire.MsgTx, o wallet.Options) (wallet.Funded, error) {
	return wallet.Funded{}, errUnbuilt
}

// SignTx signs the inputs of tx that are ours, in place. prev holds the coins
// that tx spends; those of the wallet need not be there. It is complete when
// no problem is left.
func (v *Vault) SignTx(ctx context.Context, tx *wire.MsgTx, prev map[wire.OutPoint]chain.Coin) ([]wallet.SignProblem, error) {
	return nil, errUnbuilt
}

// LockCoins sets coins aside (or gives them back): Send leaves them alone.
// It lasts until the node stops.
func (v *Vault) LockCoins(ctx context.Context, ops []wire.OutPoint, lock bool) error {
	return errUnbuilt
}

// LockedCoins are those set aside by LockCoins.
func (v *Vault) LockedCoins(ctx context.Context) ([]wire.OutPoint, error) { return nil, errUnbuilt }

// Abandon gives up an own transaction that is in no block and not in the
// pool: its coins may be spent again.
func (v *Vault) Abandon(ctx context.Context, txid chain.Hash) error { return errUnbuilt }

// Backup writes a copy of wallet.db, while the wallet is in use.
func (v *Vault) Backup(w io.Writer) error { return errUnbuilt }
