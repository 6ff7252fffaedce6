// Package tree is the tree of candidate headers as the conversation sees it:
// chain/headertree with what gossip keeps of each header, such as whether its
// body is stored, awaited, or lost.
//
// Start reading at Entry.
package tree
