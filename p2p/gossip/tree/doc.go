// Package tree is the tree of candidate headers as the conversation sees it:
// which is best, which are known to be bad, whose bodies are stored.
//
// It judges no header and bounds nothing: who inserts does both. All of it is
// data; nothing here sends, waits or takes a lock.
//
// Start reading at Entry.
package tree
