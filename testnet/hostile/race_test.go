//go:build race

package hostile_test

// underRace: the race detector keeps several times the memory, and all is slow.
const underRace = true
