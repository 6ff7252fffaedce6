package blocks

import "time"

const (
	// maxHeld bounds the bytes of bodies that were asked for or wait for validation.
	maxHeld = 64 << 20

	window       = 1024      // blocks past the last one held of the branch that is followed that may be asked for [BLOCK_DOWNLOAD_WINDOW]
	maxFlights   = 128       // blocks in flight of one peer [MAX_BLOCKS_IN_TRANSIT_PER_PEER]; Core's 16 starve small blocks
	minFlights   = 16        // that may be asked though the peer has delivered none: Core's number for all
	minPipe      = 256 << 10 // bytes asked from one peer at least: fills a slow start
	maxPipe      = 2 << 20   // bytes at most: what is lost when it stalls
	maxCopies    = 3         // peers asked for one block, each time because the last was late [MAX_CMPCTBLOCKS_INFLIGHT_PER_BLOCK]
	limitedDepth = 288 - 2   // blocks that NODE_NETWORK_LIMITED promises (BIP159), but for two as tips differ [NODE_NETWORK_LIMITED_MIN_BLOCKS]
	maxEquals    = 16        // branches of equal work that one peer has announced and that wait for their turn
	directDepth  = 16        // blocks above our tip that are asked also of who promises to serve none, but announced them [HeadersDirectFetchBlocks]

	lateAfter    = 2 * time.Second  // [BLOCK_STALLING_TIMEOUT_DEFAULT]
	lateAfterMax = 64 * time.Second // [BLOCK_STALLING_TIMEOUT_MAX]
	giveUpAfter  = time.Minute      // a stalled peer that others can replace is dropped
	giveUpMax    = 16 * time.Minute // the same where nobody delivers: longer than a block's interval [BLOCK_DOWNLOAD_TIMEOUT_BASE and a half for each peer]
	stealMargin  = time.Second / 4  // an idle peer takes a request that it can answer so much before another would begin to
	stealAfter   = 2 * time.Second  // or that needs so much longer there

	maxOwed        = 1024             // bodies asked from one peer and not delivered that are remembered: those of a download window
	missPauseLeast = time.Second      // until who answered notfound is asked again, doubled each time: it may have been validating the block
	missPauseMost  = 64 * time.Second // the last one: nobody validates a block for longer

	littleLeft   = 64 << 10              // bytes on the way to our best header that are not worth to be shared out
	guessedBlock = 128 << 10             // bytes of a block before the first came
	guessedRate  = 1 << 20               // bytes per second of a peer before anybody delivered
	rateMemory   = 4 * time.Second       // of delivery that a peer's rate is measured over
	overdueAfter = 50 * time.Millisecond // beyond four times the usual, a block is larger than they were

	haveSoon       = 50 * time.Millisecond  // over which news of our bodies are gathered before have peers are told
	haveFew        = 8                      // have peers to whom all news are told as soon
	haveMore       = 4                      // more of them for whom what is news to few is gathered as much longer again
	shortWay       = 32                     // blocks missing below which all news are told as soon
	haveSlowest    = 8                      // times as long at most
	planEvery      = 5 * time.Millisecond   // for each time as long, that what happens is gathered before it is planned again
	haveSmall      = 250 * time.Millisecond // the same while only few small blocks came
	haveChanges    = 16                     // small changes that are news enough
	haveLittle     = 2 * time.Second        // over which news are gathered where little is left: whoever is asked in vain is late by then
	nearTip        = 2                      // blocks missing up to which nothing but the tip is told
	haveUrgent     = 64 << 10               // bytes of a block that is news by itself
	patientFrom    = 16                     // blocks missing from which on stalls make us more patient: near the tip an attacker would profit
	maxMisread     = 64                     // bits that proved false, after which a peer's bits are not believed
	maxFalseClaims = 3                      // bodies claimed and not held; the first may cross a reorganisation
	shuffleFor     = 300 * time.Millisecond // at the start of a sync, when other newcomers may not have been met yet
	shuffleFrom    = 64                     // blocks; a shorter way is over before it matters
	shuffleFlights = 2                      // blocks asked from one peer during that time
	swarmFlights   = 4                      // blocks asked from one peer at least, while newcomers share the work
)
