// Package chaintest is a test kit: it mines valid regtest blocks in
// microseconds, signs spends, and lets a ledger's test read as a tree of named
// blocks:
//
//	//   genesis - a1 - a2
//	//                \ b2 - b3
//	tree.Block("genesis", "a1")
//	tree.Block("a1", "a2")
//	tree.Block("a1", "b2")
//	tree.Accept("a1")
//	tree.Accept("a2")
//	tree.Side("b2")
//	tree.ExpectTip("a2")
//
// It never checks rules itself and never talks to a network. Start reading at
// Mine, which makes one block, then Tree.
package chaintest
