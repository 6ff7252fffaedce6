package wallet

import (
	"time"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Payment is one output that a transaction is to have.
type Payment struct {
	Script []byte
	Amount btcutil.Amount
	Share  bool   // of SendAll: it gets what is left, and Amount is 0
	Name   string // as the caller wrote where it goes, for errors
}

// Input is one that a transaction has in any case.
type Input struct {
	OutPoint  wire.OutPoint
	Sequence  *uint32 // nil: as Options say
	Weight    int     // of the signed input; 0: the wallet works it out
	ScriptSig []byte  // both as they are there already
	Witness   wire.TxWitness
	Foreign   *chain.Coin // what it spends, when that is not the wallet's
}

// Options of one transaction (coin control). The zero value is what most want [CCoinControl].
type Options struct {
	FeeRate *policy.FeeRate // nil: as the wallet's owner says, else the node's estimate for Target, else its fallback
	AnyRate bool            // FeeRate counts though nodes may relay nothing so cheap
	Target  int             // blocks until it should confirm; 0: as the wallet's owner says
	Mode    FeeMode         // how the estimate is made

	SubtractFee  []int   // payments (by index) that bear the fee, in equal parts
	Inputs       []Input // that must be spent, in this order
	OnlyCoins    bool    // spend Inputs and no others
	MinDepth     int32   // confirmations of others
	MaxDepth     *int32  // nil: any
	Unsafe       bool    // others' unconfirmed payments to us may be spent, too
	AvoidReuse   bool    // leave alone what was paid to scripts that were spent from
	AvoidPartial bool    // spend all coins of a script together
	Watching     bool    // whoever signs is somewhere else, and may make longer signatures

	Version    int32      // 0: 2
	MaxWeight  *int       // nil: as much as nodes relay
	Final      bool       // do not signal BIP125 replacement
	LockTime   *uint32    // nil: the tip's height, against fee sniping
	ChangeKind *Kind      // of a fresh change script; nil: as the payments' kind
	ChangeTo   []byte     // script of the change output; nil: a fresh one of ours
	ChangeAt   *int       // index of the change output; nil: at random
	Lock       bool       // set the coins aside, so that nobody else spends them
	Comment    string     // kept with the transaction, for people
	CommentTo  string     // likewise: who is paid
	Replaces   chain.Hash // of a transaction of ours that this one takes the place of; zero: none
}

// FeeMode is how careful an estimate is.
type FeeMode uint8

const (
	FeeByReplacing  FeeMode = iota // economical where the transaction can be replaced
	FeeEconomical                  // what would do now
	FeeConservative                // what would also do if fees rise
)

// Habits are how a wallet spends where a call does not say.
type Habits struct {
	Fallback    policy.FeeRate // when there is no estimate; 0: none [-fallbackfee]
	Pay         policy.FeeRate // 0: by estimate [-paytxfee]
	Least       policy.FeeRate // [-mintxfee]
	Discard     policy.FeeRate // change that costs more to spend goes to the fee [-discardfee]
	Consolidate policy.FeeRate // what spending coins will cost one day [-consolidatefeerate]
	MaxFee      btcutil.Amount // of a transaction [-maxtxfee]
	// MaxPartial is what it may cost more to spend coins of a script together; less
	// than 0: that is not tried [-maxapsfee].
	MaxPartial   btcutil.Amount
	AvoidPartial bool // [-avoidpartialspends]
	Target       int  // blocks until a payment should confirm [-txconfirmtarget]
	Final        bool // do not signal BIP125 replacement [-walletrbf=0]
	NoFresh      bool // spend no unconfirmed change [-spendzeroconfchange=0]
	Silent       bool // keep what is sent, and tell nobody of it [-walletbroadcast=0]
	LongChains   bool // spend it on chains that pools refuse, too [-walletrejectlongchains=0]
}

// NoFallback as a fallback rate: a payment that names no rate is refused
// while nothing is known of fees [-fallbackfee=0].
const NoFallback policy.FeeRate = -1

// DefaultHabits are Core's.
func DefaultHabits() Habits {
	return Habits{
		Least:       1000,       // DEFAULT_TRANSACTION_MINFEE
		Discard:     10_000,     // DEFAULT_DISCARD_FEE
		Consolidate: 10_000,     // DEFAULT_CONSOLIDATE_FEERATE
		MaxFee:      10_000_000, // DEFAULT_TRANSACTION_MAXFEE
		Target:      6,          // DEFAULT_TX_CONFIRM_TARGET
	}
}

// FeeReason says where a fee rate comes from, in Core's words where it has them.
type FeeReason string

const (
	FeeOfCaller FeeReason = "PayTxFee set"
	FeeEstimate FeeReason = "Half Target 60% Threshold"
	FeeMinimum  FeeReason = "Minimum Required Fee" // the rate is below what nodes ask
	FeePoolMin  FeeReason = "Mempool Min Fee"      // the estimate is below what enters the pool now
	FeeFallback FeeReason = "Fallback fee"
)

// Funded is a transaction with coins chosen and change added, not yet signed.
type Funded struct {
	Tx     *wire.MsgTx
	Fee    btcutil.Amount
	Change int // index of the change output, -1 when there is none
	Spent  []Coin
	Reason FeeReason // for its fee rate
}

// Balance of the wallet. The four parts do not overlap [GetBalance, CachedTxIsTrusted].
type Balance struct {
	Confirmed   btcutil.Amount // in blocks and mature
	Change      btcutil.Amount // change of our own transactions in the pool: spendable
	Unconfirmed btcutil.Amount // in the pool, from others: not spendable yet
	Immature    btcutil.Amount // mined, not yet 100 blocks deep

	// Used is at addresses that were spent from, of a wallet that avoids to use them
	// again; it is in none of the others. UsedUnconfirmed of it is from others and in the pool.
	Used, UsedUnconfirmed btcutil.Amount
}

// Spendable is what Send may use: Core's "trusted".
func (b Balance) Spendable() btcutil.Amount { return b.Confirmed + b.Change }

// Coin is an unspent output of the wallet.
type Coin struct {
	OutPoint      wire.OutPoint
	Value         btcutil.Amount
	Script        []byte
	Address       string
	Label         string
	Kind          Kind
	Change        bool  // paid to one of our change addresses
	Confirmations int32 // 0: in the pool
	Coinbase      bool
	FromMe        bool           // made by a transaction all of whose inputs are ours
	Ancestors     int            // unconfirmed transactions that it hangs on, its own counted
	Descendants   int            // that hang on any of those
	Bump          btcutil.Amount // what those lack of the fee rate that it is to be spent at
	TRUC          bool           // its transaction is of version 3 (BIP431)
	Safe          bool           // confirmed, or ours alone and neither replaced nor a replacement
	Spendable     bool           // mature, and confirmed or our own change
	Locked        bool           // set aside by LockCoins
	ParentDesc    string         // descriptor of its row, without checksum
	Redeem        []byte         // Nested: the script behind the hash
	Unsolvable    bool           // watched by its address or script only
	Desc          string         // its own, without checksum
	Booked        bool           // its address is in the address book
	Reused        bool           // at an address that was spent from, in a wallet that avoids them [avoid_reuse]
}

// Addressee is an entry of the address book.
type Addressee struct {
	Address, Label string
	Script         []byte
	Own            bool // ours, to be paid at; else somebody whom we pay
}

// Category is what an output of a transaction is to us, in Core's words.
type Category string

const (
	Sent     Category = "send"
	Received Category = "receive"
	Generate Category = "generate" // mined and mature
	Immature Category = "immature" // mined, less than 100 deep
	Orphan   Category = "orphan"   // mined in a block that left the active chain
)

// Detail is one output of a transaction as it concerns us.
type Detail struct {
	Category Category
	Vout     uint32
	Amount   btcutil.Amount // negative when sent
	Address  string         // empty when the script has none
	Label    string
	// ParentDesc of what came: the descriptor of its row, without checksum.
	ParentDesc string
	Booked     bool // its address is in the address book
	Change     bool // of a payment of ours; most do not want to see it
}

// Entry is one transaction of the history.
type Entry struct {
	Tx            *chain.Tx
	Height        int32 // of its block, -1 when it is in none
	Block         chain.Hash
	BlockIndex    int
	BlockTime     int64 // Unix seconds, 0 when it is in none
	Received      int64 // Unix seconds when we first saw it
	Time          int64 // when it happened: Received, or its block's time where that is earlier
	Confirmations int32 // 0: in no block; -n: a conflicting one is n deep
	InPool        bool
	Abandoned     bool
	Trusted       bool           // confirmed, or all its inputs are ours
	Conflicts     []chain.Hash   // our transactions that spend a same coin
	Rivals        []chain.Hash   // in the pool, spend a coin of it or of what it hangs on [mempool_conflicts]
	Amount        btcutil.Amount // what it changed in the wallet, the fee not counted
	Fee           btcutil.Amount // what we paid, ≥ 0; 0 when it is not from us
	FromMe        bool           // spends coins of ours
	Debit, Credit btcutil.Amount // what it spends of ours, and what it pays us; of a reward that is not mature nothing
	Replaceable   bool           // signals BIP125
	Comment, To   string
	Replaces      chain.Hash // the payment of ours that it was made to replace; zero: none
	ReplacedBy    chain.Hash // the payment of ours that was made to replace it; zero: none
	Details       []Detail   // sends first, then receipts
}

// Owned says where one of our scripts stands in the key tree.
type Owned struct {
	Kind       Kind
	Change     bool
	Index      uint32
	Path       string // m/84h/1h/0h/0/5
	Master     string // fingerprint of the master key, in hex
	PubKey     []byte // compressed, 33 bytes
	Redeem     []byte // the script behind a script hash (BIP16)
	Witness    []byte // the script behind a witness program (BIP141), of the script itself or of Redeem
	Timestamp  int64  // Unix seconds; nothing was paid to its descriptor before
	Label      string
	Booked     bool // it is in the address book; what comes back to any other is change
	Unsolvable bool // watched by its address or script only

	Beyond bool // a wallet restored from its words would not look as far as here

	Desc       string // the script's descriptor (BIP380), without checksum
	ParentDesc string // that of its row
}

// Row is a row of scripts as listdescriptors shows it.
type Row struct {
	Branch
	Desc      string // without checksum
	Private   string // Desc with its private keys; empty: they are not there
	First     uint32 // the first index watched
	Next      uint32 // index of the next to be handed out
	Len       uint32 // the first index no more watched
	Active    bool   // new addresses of its kind come from it
	Ranged    bool
	Words     bool  // it was made from the wallet's words
	Timestamp int64 // Unix seconds; nothing was paid to it before
}

// HDKey is an extended key (BIP32) that descriptors of the wallet were written with.
type HDKey struct {
	Public     string // xpub
	Private    string // xprv, where it was asked for
	HasPrivate bool
	Uses       []HDUse
}

// HDUse is a descriptor that a key is in.
type HDUse struct {
	Desc   string // without checksum
	Active bool
}

// SignProblem says why an input could not be signed.
type SignProblem struct {
	Input int
	Why   string
}

// Status is how far the wallet has followed the chain.
type Status struct {
	Exists   bool
	At       int32 // height that the wallet stands at
	Tip      int32 // height it is on its way to
	Scanning bool  // reads old blocks again
	Awaiting bool  // the next block to read is below a snapshot and has not come yet
	Reread   int32 // height of the next block to be read once more, -1: none
	Txs      int
	Scan     *Scan // how far a reading of old blocks is; nil: there is none
}

// Scan is how far a reading of old blocks is.
type Scan struct {
	Duration time.Duration
	Progress float64 // from 0 to 1
}

// Filter says which transactions of the history are wanted. The zero value wants all.
type Filter struct {
	Label *string // with an output of ours of that label
	Since *int32  // no more confirmations, or blocks on top of a conflict, than that
}

// Receipt is what an address of ours has received.
type Receipt struct {
	Script        []byte
	Amount        btcutil.Amount
	Confirmations int32        // of the last transaction that paid it
	Txs           []chain.Hash // all of them, in the order of their ids
}

// Holder is an address, what it holds, and its label, where it has one.
type Holder struct {
	Address, Label string
	Amount         btcutil.Amount
	Booked         bool
}
