// Package msg owns the messages that nodes exchange: the types that
// btcsuite's wire lacks, and decoding that an attacker cannot make expensive.
//
// It never reads from a connection (package peer frames) and never decides
// what a message means for us (package gossip does).
//
// Start reading at Decode.
package msg
