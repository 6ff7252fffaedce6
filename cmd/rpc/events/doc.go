// Package events says what happens on a node as it happens, in one schema for
// programs, people and the node's own page: who told it of a transaction or a block,
// what it found of it, whom it told, who connected and left, how the tip moved.
// docs/events.md describes the schema.
//
// It owns the newest events (Hub), how the conversation becomes events (Tap), and the
// way in for programs, GET /events (Stream). It never decides what happens: Tap is
// shown what gossip was told and what it did, and everything else follows from
// that.
//
// The newest events are kept in a ring; a Listener is a place in it. So who is slow
// costs nothing: what is overwritten meanwhile is lost to it, it is told how much, and goes on.
// Publishing waits for nobody and allocates nothing once the ring is full.
//
// It starts no goroutines.
//
// Start reading at Event, then Hub.Publish, Listener.Next and Tap.Step.
package events
