package gossip

import (
	"time"

	"grapevine/p2p"
)

// Every bound of the conversation, with its reason; in brackets Bitcoin Core's
// name where it has one.

// The validation queue. What is being validated at once is bounded by credits: the
// channels that carry verdicts have this capacity, so that giving a verdict never
// blocks.
const (
	MaxTxsValidating   = 64       // transactions at once
	maxBytesValidating = 32 << 20 // bytes of blocks at once; one block may always be
	ownCredits         = 8        // of MaxTxsValidating that are kept for our own

	maxWaitingTxs   = 1000     // received or asked for, before validation
	maxWaitingPeer  = 200      // of these from one peer, so that nobody fills the queue alone
	maxWaitingBytes = 8 << 20  // of these together
	maxBlockBytes   = 64 << 20 // of blocks that wait; one that comes then is asked for again later
	maxOwnTxs       = 10_000   // of our own that wait: RPC has far fewer callers
	maxOwnBlocks    = 1024     // the same, and Submits of one block

	maxDebt    = time.Second / 2 // of validating refused transactions of one peer, beyond which nothing of its is validated
	maxDebtors = 4096            // origins of peers that have left, whose debts are kept; then who owes least is forgotten
	debtKept   = time.Hour       // at most, after who owes it has left
	paidBack   = 100             // one part in so many of the time that passes pays the debt back: so much of us a peer can keep busy for ever
)

// What others ask of us.
const (
	maxEntries    = 50_000              // of inv, getdata and notfound [MAX_INV_SZ]
	maxHeaders    = 2000                // in one message [MAX_HEADERS_RESULTS]
	maxBlockInv   = 500                 // hashes that answer getblocks, as everybody does
	maxPartsDepth = 10                  // blocks below the tip of which getblocktxn is answered [MAX_BLOCKTXN_DEPTH]
	maxShortDepth = 5                   // blocks below the tip of which the short form is given; of older ones the whole [MAX_CMPCTBLOCK_DEPTH]
	historicAge   = 7 * 24 * time.Hour  // before our best header, of what an upload target does not allow [HISTORICAL_BLOCK_AGE]
	maxStaleAge   = 30 * 24 * time.Hour // of a block beside the chain that is still served [STALE_RELAY_AGE_LIMIT]
)

// Headers.
const (
	maxAnnounce = 8  // headers that announce a tip; a longer reorganisation is an inv [MAX_BLOCKS_TO_ANNOUNCE]
	tellEach    = 2  // blocks below our best header from which on each tip is told
	tellAgain   = 16 // blocks after which have peers are told what we hold though it is no news to them
)

// mutatedBlock is the offence of who sends a body that its header does not commit
// to; the header is not blamed [IsBlockMutated].
const mutatedBlock p2p.Offence = "mutated block"

// Bodies.
const (
	maxInvalid   = 3                // bodies that we asked for and that broke a rule, of a peer that serves before it has validated: the third ends it
	maxUnderWay  = 10_000           // blocks in a row that may wait for the tip; to look back over them takes 0.1 ms
	maxAhead     = 288              // blocks past our tip where an unrequested block is still welcome [MIN_BLOCKS_TO_KEEP]
	syncGap      = 24               // blocks behind our best header from which on we are syncing
	syncPatience = 10 * time.Second // without a body, after which we are not syncing but lied to
	maxTipAge    = 24 * time.Hour   // of the tip on public networks, beyond which we are syncing [DEFAULT_MAX_TIP_AGE]
)

// Transactions.
const (
	maxRejected  = 50_000 // hashes in each half of the filter of rejected ones [m_recent_rejects: 120,000, RecentRejectsFilter]
	maxConfirmed = 24_000 // names in each half of those the last blocks confirmed [m_recent_confirmed_transactions: 48,000]
	joinAnnounce = 5000   // of the pool, told to a peer that joins a local network
)
