package gossip

import (
	"time"

	"grapevine/p2p/gossip/judge"
)

// Every bound of the conversation, with its reason; in brackets Bitcoin Core's
// name where it has one.

// Credits: what may be in judgement at once. The channels that carry verdicts
// have this capacity, so that giving a verdict never blocks.
const (
	MaxTxsJudged   = judge.MaxTxs   // transactions
	MaxBytesJudged = judge.MaxBytes // bytes of blocks; one block may always be judged
)

// Headers.
const (
	maxHeaders      = 2000             // in one message [MAX_HEADERS_RESULTS]
	maxLocator      = 101              // hashes in a locator [MAX_LOCATOR_SZ]
	maxUnconnecting = 10               // headers messages in a row that lead nowhere [MAX_NUM_UNCONNECTING_HEADERS_MSGS]
	maxSideHeaders  = 20_000           // of one peer that are not on our best chain: bounds the tree where work is cheap
	headersAgain    = 2 * time.Minute  // before an unanswered getheaders is repeated [HEADERS_RESPONSE_TIME]
	headersTimeout  = 20 * time.Second // before another peer leads the headers sync; 162 kB need 64 kbit/s
	lowWorkBlocks   = 144              // how far, in blocks' work, a chain may be behind our tip to be worth memory [GetAntiDoSWorkThreshold]
	maxAnnounce     = 8                // headers that announce a tip; a longer reorganisation is an inv [MAX_BLOCKS_TO_ANNOUNCE]
	maxBlockInv     = 500              // hashes that answer getblocks, as everybody does
)

// Bodies.
const (
	maxAhead     = 288              // blocks past our tip where an unrequested block is still welcome [MIN_BLOCKS_TO_KEEP]
	syncGap      = 24               // blocks behind our best header from which on we are syncing
	syncPatience = 10 * time.Second // without a body, after which we are not syncing but lied to
	maxTipAge    = 24 * time.Hour   // of the tip on public networks, beyond which we are syncing [DEFAULT_MAX_TIP_AGE]
	maxGetData   = 50_000           // entries of inv, getdata, notfound [MAX_INV_SZ]
)

// Transactions.
const (
	maxTxWeight  = 400_000 // beyond it no pool takes it [MAX_STANDARD_TX_WEIGHT]
	maxRejected  = 50_000  // hashes in each half of the filter of rejected ones [m_recent_rejects: 120,000]
	joinAnnounce = 5000    // of the pool, told to a peer that joins a local network
	maxFeeFilter = 21e14   // satoshis: MAX_MONEY
)
