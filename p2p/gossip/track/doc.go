// Package track knows which transactions peers have announced and we do not
// have, and sees to it that each is asked from exactly one of them at a time,
// from the next when that one does not deliver (Core: txrequest.h).
//
// It does not know what a transaction is, sends nothing, and has no clock: the
// conversation tells it what happened and takes what is to be asked from it.
package track
