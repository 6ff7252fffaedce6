package wallet

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// What may be wrong with a question to the wallet.
var (
	ErrNoWallet   = errors.New("No wallet is loaded. There is none yet: make one or restore one from its words") // Core's words first
	ErrExists     = errors.New("there is a wallet already: another one needs another data directory")
	ErrBadWords   = errors.New("these are not BIP39 words")
	ErrUnknownTx  = errors.New("transaction not in the wallet")
	ErrDust       = errors.New("Transaction amount too small")
	ErrBearsFee   = errors.New("The transaction amount is too small")
	ErrFeeTooHigh = errors.New("Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)")
	ErrNoFeeRate  = errors.New("Fee estimation failed. Fallbackfee is disabled. Wait a few blocks or enable -fallbackfee.")
	ErrNobody     = errors.New("Transaction must have at least one recipient")
	ErrNothing    = errors.New("Transaction requires one destination of non-0 value, a non-0 feerate, or a pre-selected input")
	ErrMaxWeight  = errors.New("Maximum transaction weight must be")
	ErrChangeAt   = errors.New("Transaction change output index out of range")
	ErrAllPoor    = errors.New("Total value of UTXO pool too low to pay for transaction")
	ErrAllOver    = errors.New("Assigned more value to outputs than available funds.")
	ErrAllFees    = errors.New("Insufficient funds for fees after creating specified outputs.")
	ErrAllDust    = errors.New("Dynamically assigned remainder results in dust output.")
	ErrNamedDust  = errors.New("Specified output amount to")
	ErrForeign    = errors.New("Unable to find UTXO for external input")
	ErrUnsigned   = errors.New("Signing transaction failed")
	ErrSigHash    = errors.New("Specified sighash value does not match value stored in PSBT")
	ErrMissing    = errors.New("Inputs missing or spent")
	ErrLies       = errors.New("the PSBT contradicts what is known of its coins, and nothing was signed")
	ErrNoBump     = errors.New("Unable to create transaction.")
	ErrBumpSpent  = errors.New("is already spent")
	ErrNoChange   = errors.New("Transaction needs a change address, but we can't generate it.")
	ErrNoSize     = errors.New("Missing solving data for estimating transaction size")
	ErrPayRate    = errors.New("Invalid parameter, txfee")
	ErrNoPrivate  = errors.New("Error: Private keys are disabled for this wallet")
	ErrLock       = errors.New("Invalid parameter")
	ErrAbandon    = errors.New("Transaction not eligible for abandonment")
	ErrNotOurs    = errors.New("coin is not in the wallet")
	ErrSpent      = errors.New("coin is spent already")
	ErrScanning   = errors.New("wallet reads old blocks again")
	ErrAborted    = errors.New("Rescan aborted.")
	ErrRescanning = errors.New("wallet reads old blocks again already: wait until it has")
	ErrNotLoaded  = errors.New("Requested wallet does not exist or is not loaded")
	ErrNoneLoaded = errors.New("No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A default wallet is no longer automatically created)")
	ErrWhich      = errors.New("Wallet file not specified (must request wallet RPC through /wallet/<filename> uri-path).")
	ErrLoaded     = errors.New("wallet is already loaded")
	ErrName       = errors.New("this is no name of a wallet")
	ErrBusy       = errors.New("Wallet already loading.")
	ErrNoPath     = errors.New("Path does not exist.")
	ErrNoFormat   = errors.New("Data is not in recognized format.")
	ErrNetwork    = errors.New("the wallet is of another network")
	ErrTaken      = errors.New("Database already exists.")
	ErrNoBackup   = errors.New("Backup file does not exist")
	ErrUnread     = errors.New("Unexpected exception")                                                                                                      // a backup that is there and cannot be read
	ErrExclusive  = errors.New("SQLiteDatabase: Unable to obtain an exclusive lock on the database, is it being used by another instance of Bitcoin Core?") // Core's words, which tests and clients compare
	ErrNoKeys     = errors.New("Error: This wallet has no available keys")
	ErrKeypool    = errors.New("Error: Keypool ran out, please call keypoolrefill first")
	ErrNoKind     = errors.New("Error")
	ErrRange      = errors.New("new range must include current range")
	ErrWhichKey   = errors.New("Unable to determine which HD key to use from active descriptors. Please specify with 'hdkey'")
	ErrUnknownKey = errors.New("Private key")
	ErrDescThere  = errors.New("Descriptor already exists")

	ErrLocked     = errors.New("Error: Please enter the wallet passphrase with walletpassphrase first.")
	ErrPassphrase = errors.New("Error: The wallet passphrase entered was incorrect.")
	ErrEncrypted  = errors.New("wallet is encrypted already")
	ErrPlain      = errors.New("wallet is not encrypted")
	ErrNoSecrets  = errors.New("Error: wallet does not contain private keys, nothing to encrypt.")
	ErrTooLarge   = errors.New("Transaction too large")
)

// FundsError says that the wallet has not enough, and what is there.
type FundsError struct {
	Payments btcutil.Amount
	Needed   btcutil.Amount // payments and fee
	Balance
	Locked btcutil.Amount // of it set aside, by LockCoins or for a transaction being made
}

func (e *FundsError) Error() string {
	s := fmt.Sprintf("Insufficient funds: %s BTC and a fee of %s BTC are needed; there are %s BTC confirmed, %s BTC unconfirmed, %s BTC immature",
		chain.FormatAmount(e.Payments), chain.FormatAmount(e.Needed-e.Payments),
		chain.FormatAmount(e.Spendable()), chain.FormatAmount(e.Unconfirmed), chain.FormatAmount(e.Balance.Immature))
	if e.Locked > 0 {
		s += fmt.Sprintf(", %s BTC of it locked", chain.FormatAmount(e.Locked))
	}
	return s
}

// BumpError says in Core's words why a transaction cannot be replaced by one of a
// higher fee. Param: what the caller asked for is wrong.
type BumpError struct {
	Why   string
	Param bool
}

func (e *BumpError) Error() string { return e.Why }

// RateError says that a caller's fee rate is below what the wallet pays at least.
type RateError struct{ Rate, Least policy.FeeRate }

func (e *RateError) Error() string {
	return fmt.Sprintf("Fee rate (%s) is lower than the minimum fee rate setting (%s)", e.Rate.PerVB(), e.Least.PerVB())
}

// NoPathError says that nothing is where a wallet should be.
func NoPathError(path string) error {
	return fmt.Errorf("Failed to load database path '%s'. %w", path, ErrNoPath)
}

// NoFormatError says that what is there is no wallet.
func NoFormatError(path string) error {
	return fmt.Errorf("Failed to load database path '%s'. %w", path, ErrNoFormat)
}

// TakenError says that something is where a wallet is to be made.
func TakenError(path string) error {
	return fmt.Errorf("Failed to create database path '%s'. %w", path, ErrTaken)
}

// PathError says that a name leads to what is no directory.
type PathError struct{ Name, Dir string }

func (e *PathError) Error() string {
	return fmt.Sprintf("Invalid -wallet path '%s'. -wallet path should point to a directory where wallet.dat and database/log.?????????? files can be stored, "+
		"a location where such a directory could be created, or (for backwards compatibility) the name of an existing data file in -walletdir (\"%s\")", e.Name, e.Dir)
}
