package judge

import "time"

const (
	MaxTxs     = 64       // transactions judged at once
	MaxBytes   = 32 << 20 // bytes of blocks judged at once; one block may always be
	ownCredits = 8        // of MaxTxs that are kept for our own

	MaxWaitingTxs   = 1000     // received or asked for, before judgement
	maxWaitingPeer  = 200      // of these from one peer, so that nobody fills the queue alone
	maxWaitingBytes = 8 << 20  // of these together
	maxBlockBytes   = 64 << 20 // of blocks that wait; one that comes then is asked for again later
	maxOwnTxs       = 10_000   // of our own that wait: RPC has far fewer callers
	maxOwnBlocks    = 1024     // the same, and Submits of one block

	maxDebt  = time.Second / 2 // of judging refused transactions of one peer, beyond which nothing of its is judged
	paidBack = 100             // one part in so many of the time that passes pays the debt back: so much of us a peer can keep busy for ever
)
