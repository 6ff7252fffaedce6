package gossip

import "time"

// Every bound of the conversation, with its reason; in brackets Bitcoin Core's
// name where it has one.

// Credits: what may be in judgement at once. The channels that carry verdicts
// have this capacity, so that giving a verdict never blocks.
const (
	MaxTxsJudged   = 64       // transactions
	MaxBytesJudged = 32 << 20 // bytes of blocks; one block may always be judged
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
	presyncPeriod   = 600              // headers for one bit of memory [HEADER_COMMITMENT_PERIOD]
	presyncHeld     = 15_000           // headers of the second pass that wait for those after them [REDOWNLOAD_BUFFER_SIZE]
	maxPresync      = 3_000_000        // headers that are presynced: 57 years of Bitcoin, 5,000 bits
	maxAnnounce     = 8                // headers that announce a tip; a longer reorganisation is an inv [MAX_BLOCKS_TO_ANNOUNCE]
	maxBlockInv     = 500              // hashes that answer getblocks, as everybody does
)

// Bodies.
const (
	window          = 1024      // blocks past the last connected one that may be asked for [BLOCK_DOWNLOAD_WINDOW]
	maxFlights      = 128       // blocks asked from one peer and not delivered; Core's 16 starve small blocks
	minPipe         = 256 << 10 // bytes asked from one peer at least: fills a slow start
	maxPipe         = 2 << 20   // bytes at most: what is lost when it stalls
	maxBodies       = 64 << 20  // bytes of bodies held or asked for, undecided
	maxCopies       = 3         // peers asked for one block, each time because the last was late
	lateAfter       = 2 * time.Second
	lateAfterMax    = 64 * time.Second       // [BLOCK_STALLING_TIMEOUT_MAX]
	stealMargin     = time.Second / 4        // an idle peer takes a request that it can answer so much before another would begin to
	stealAfter      = 2 * time.Second        // or that needs so much longer there
	giveUpAfter     = time.Minute            // a stalled peer that others can replace is dropped
	minFlights      = 16                     // blocks that may be asked from one peer though its line be short [MAX_BLOCKS_IN_TRANSIT_PER_PEER]
	haveSoon        = 50 * time.Millisecond  // over which news of our bodies are gathered before have peers are told
	haveSmall       = 250 * time.Millisecond // the same while only few small blocks came
	haveChanges     = 16                     // small changes that are news enough
	haveUrgent      = 64 << 10               // bytes of a block that is news by itself
	maxFalseClaims  = 3                      // bodies claimed and not held; the first may cross a reorganisation
	shuffleFor      = 300 * time.Millisecond // at the start of a sync, when other newcomers may not have been met yet
	shuffleFlights  = 2                      // blocks asked from one peer during that time
	swarmFlights    = 4                      // blocks asked from one peer at least, while newcomers share the work
	overdueAfter    = 50 * time.Millisecond  // beyond four times the usual, a block is larger than they were
	shuffleFrom     = 64                     // blocks; a shorter way is over before it matters
	guessedBlock    = 128 << 10              // bytes of a block before the first came
	guessedRate     = 1 << 20                // bytes per second of a peer before anybody delivered
	rateMemory      = 4 * time.Second        // of delivery that a peer's rate is measured over
	maxAhead        = 288                    // blocks past our tip where an unrequested block is still welcome [MIN_BLOCKS_TO_KEEP]
	limitedDepth    = 288                    // blocks that NODE_NETWORK_LIMITED promises (BIP159)
	syncGap         = 24                     // blocks behind our best header from which on we are syncing
	syncPatience    = 10 * time.Second       // without a body, after which we are not syncing but lied to
	maxTipAge       = 24 * time.Hour         // of the tip on public networks, beyond which we are syncing [DEFAULT_MAX_TIP_AGE]
	maxGetData      = 50_000                 // entries of inv, getdata, notfound [MAX_INV_SZ]
	maxSubmitBlocks = 1024                   // waiting in all: RPC has far fewer callers
)

// Transactions.
const (
	maxOffers         = 5000            // announced by one peer and not yet settled [MAX_PEER_TX_ANNOUNCEMENTS]
	maxTxFlights      = 100             // asked from one peer and not delivered [MAX_PEER_TX_REQUEST_IN_FLIGHT]
	maxTxWaiting      = 1000            // received or asked for, before judgement
	maxTxWaitingPeer  = 200             // of these from one peer, so that nobody fills the queue alone
	maxTxWaitingBytes = 8 << 20         // of these together
	maxTxWeight       = 400_000         // beyond it no pool takes it [MAX_STANDARD_TX_WEIGHT]
	maxSubmitTxs      = 10_000          // of our own, waiting for a credit
	txTimeout         = 5 * time.Second // before the next announcer is asked; Core's 60 s let 50 silent peers hide a transaction for an hour
	maxKnown          = 25_000          // hashes in each half of a peer's known-set; Core's filter has 50,000
	maxRejected       = 50_000          // hashes in each half of the filter of rejected ones [m_recent_rejects: 120,000]
	maxToAnnounce     = 10_000          // waiting to be announced to one peer; the oldest are forgotten
	maxTxInv          = 1000            // in one inv [INVENTORY_BROADCAST_MAX]
	joinAnnounce      = 5000            // of the pool, told to a peer that joins a local network
	inboundInv        = 5 * time.Second // mean time between invs on public networks [INBOUND_INVENTORY_BROADCAST_INTERVAL]
	outboundInv       = 2 * time.Second // [OUTBOUND_INVENTORY_BROADCAST_INTERVAL]
	maxFeeFilter      = 21e14           // satoshis: MAX_MONEY
)

// Orphans.
const (
	maxOrphans      = 1000             // in all; each costs a judgement per tip
	maxOrphansPeer  = 200              // from one peer
	maxOrphanBytes  = 10 << 20         // in all
	orphanExpiry    = 20 * time.Minute // [ORPHAN_TX_EXPIRE_TIME]
	maxOrphanParent = 100              // missing parents that are still asked for; more is no honest transaction
)
