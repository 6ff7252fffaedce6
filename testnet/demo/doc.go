// Package demo tells the story of `make demo`: four strangers become a
// network, one pays another, a newcomer learns the past from all of them, one
// dies and comes back, and at the end all agree to the last coin.
//
// It owns the order of the story, its words and its checks. It starts nodes
// through a testnet.Launcher and shows itself through a Teller, so it knows
// neither processes nor terminals. The story is true only if every check held:
// Run returns the first that did not.
//
// Start reading at Run; each chapter is a function of its own, in order.
package demo
