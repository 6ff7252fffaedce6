package gossip

import (
	"time"

	"grapevine/p2p"
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
	maxAnnounce = 8  // headers that announce a tip; a longer reorganisation is an inv [MAX_BLOCKS_TO_ANNOUNCE]
	tellAgain   = 16 // blocks after which have peers are told what we hold though it is no news to them
)

// mutatedBlock is the offence of who sends a body that its header does not commit
// to; the header is not blamed [IsBlockMutated].
const mutatedBlock p2p.Offence = "mutated block"

// Bodies.
const (
	maxInvalid   = 3                // bodies that we asked for and that broke a rule, of a peer that serves before it has judged: the third ends it
	maxAhead     = 288              // blocks past our tip where an unrequested block is still welcome [MIN_BLOCKS_TO_KEEP]
	syncGap      = 24               // blocks behind our best header from which on we are syncing
	syncPatience = 10 * time.Second // without a body, after which we are not syncing but lied to
	maxTipAge    = 24 * time.Hour   // of the tip on public networks, beyond which we are syncing [DEFAULT_MAX_TIP_AGE]
)

// Transactions.
const (
	maxTxWeight  = 400_000 // beyond it no pool takes it [MAX_STANDARD_TX_WEIGHT]
	maxRejected  = 50_000  // hashes in each half of the filter of rejected ones [m_recent_rejects: 120,000]
	maxConfirmed = 24_000  // names in each half of those the last blocks confirmed [m_recent_confirmed_transactions: 48,000]
	joinAnnounce = 5000    // of the pool, told to a peer that joins a local network
)
