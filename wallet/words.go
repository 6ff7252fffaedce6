package wallet

import (
	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/chain/policy"
)

// Payment is one output that a transaction is to have.
type Payment struct {
	Script []byte
	Amount btcutil.Amount
}

// Options of one transaction. The zero value is what most want.
type Options struct {
	FeeRate     policy.FeeRate  // 0: the node's estimate for Target, else its fallback
	Target      int             // blocks until it should confirm; 0: 6 [DEFAULT_TX_CONFIRM_TARGET]
	SubtractFee []int           // payments (by index) that bear the fee, in equal parts
	Coins       []wire.OutPoint // coins that must be spent
	OnlyCoins   bool            // spend Coins and no others
	Final       bool            // do not signal BIP125 replacement
	LockTime    *uint32         // nil: the tip's height, against fee sniping
	ChangeKind  *Kind           // of a fresh change script; nil: as the payments' kind
	Change      []byte          // script of the change output; nil: a fresh one of ours
	ChangeAt    *int            // index of the change output; nil: at random
	Lock        bool            // FundTx: set the coins aside, so that nobody else spends them
	Comment     string          // kept with the transaction, for people
}

// FeeReason says where a fee rate comes from, in Core's words where it has them.
type FeeReason string

const (
	FeeOfCaller FeeReason = "PayTxFee set"
	FeeEstimate FeeReason = "Estimate"
	FeeMinimum  FeeReason = "Minimum Required Fee" // the estimate is below what nodes ask
	FeeFallback FeeReason = "Fallback fee"
)

// Funded is a transaction with coins chosen and change added, not yet signed.
type Funded struct {
	Tx     *wire.MsgTx
	Fee    btcutil.Amount
	Change int // index of the change output, -1 when there is none
	Spent  []Coin
}

// Balance of the wallet. The four parts do not overlap.
type Balance struct {
	Confirmed   btcutil.Amount // in blocks and mature
	Change      btcutil.Amount // change of our own transactions in the pool: spendable
	Unconfirmed btcutil.Amount // in the pool, from others: not spendable yet
	Immature    btcutil.Amount // mined, not yet 100 blocks deep
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
	FromMe        bool   // made by a transaction all of whose inputs are ours
	Ancestors     int    // unconfirmed transactions of ours that it hangs on, its own counted
	Spendable     bool   // mature, and confirmed or our own change
	Locked        bool   // set aside by LockCoins
	ParentDesc    string // descriptor of its row, without checksum
	Redeem        []byte // Nested: the script behind the hash
	Unsolvable    bool   // watched by its address or script only
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
}

// Entry is one transaction of the history.
type Entry struct {
	Tx            *chain.Tx
	Height        int32 // of its block, -1 when it is in none
	Block         chain.Hash
	BlockIndex    int
	BlockTime     int64 // Unix seconds, 0 when it is in none
	Received      int64 // Unix seconds when we first saw it
	Confirmations int32 // 0: in no block; -n: a conflicting one is n deep
	InPool        bool
	Abandoned     bool
	Trusted       bool           // confirmed, or all its inputs are ours
	Conflicts     []chain.Hash   // our transactions that spend a same coin
	Amount        btcutil.Amount // what it changed in the wallet, the fee not counted
	Fee           btcutil.Amount // what we paid, ≥ 0; 0 when it is not from us
	FromMe        bool           // spends coins of ours
	Replaceable   bool           // signals BIP125
	Comment       string
	Details       []Detail // sends first, then receipts; change is left out
}

// Owned says where one of our scripts stands in the key tree.
type Owned struct {
	Kind       Kind
	Change     bool
	Index      uint32
	Path       string // m/84h/1h/0h/0/5
	Master     string // fingerprint of the master key, in hex
	PubKey     []byte // compressed, 33 bytes
	Redeem     []byte // Nested: the script behind the hash
	Label      string
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
	Reread   int32 // height of the next block to be read once more, -1: none
	Txs      int
}
