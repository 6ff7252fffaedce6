//go:build race

package gossip

// underRace: the race detector makes all ten times slower, and this package has
// no goroutines; a part of the long tests will do.
const underRace = true
