// Package fetch decides which body is asked from which peer, and when it is
// asked elsewhere.
//
// Bodies come from everybody who has them, in and out, in the order of the
// chain: each peer with room in its pipe takes the lowest blocks that nobody
// was asked for (way.go, plan.go, room.go). What is late may be asked once more
// elsewhere, and who is idle takes over what would come last (flight.go).
// Between grapevine nodes, newcomers tell each other what they hold and are
// fetching, and each fetches from who has all what no other newcomer does
// (have.go).
//
// It sends nothing, judges nothing and has no clock: the conversation tells it
// what happened and sends what Plan returns. Requests are bounded for each peer
// by maxFlights and maxPipe, for each block by maxCopies, and over all by
// MaxHeld.
package fetch
