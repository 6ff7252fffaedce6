// Package judge holds transactions and blocks that wait for judgement or are
// being judged, each once, within credits.
//
// Judging is done elsewhere and takes its time; the channels that carry verdicts
// have the capacity of the credits, so that giving a verdict never blocks. What
// is over the credits waits here, bounded by count and bytes and for each peer;
// our own submissions go before everybody's.
package judge
