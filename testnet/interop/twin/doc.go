// Package twin lets two implementations validate the same blocks: our ledger, and
// btcd's package blockchain, which shares none of our rules' code.
//
// It has tests only. A generator, driven by a seed, grows a tree of regtest
// blocks: valid ones that stand on the edge of a rule, ones that break a rule
// by the least that breaks it, and branches that overtake the tip from every
// depth down to fifty. After every block both must have said the same and
// stand on the same tip; at the end both must know the same coins. Where btcd
// is known to differ from Bitcoin Core, the break says so and names the rule's
// source.
//
// TWIN_BLOCKS and TWIN_SEED set how many blocks there are and which. Start
// reading at TestTwin.
package twin
