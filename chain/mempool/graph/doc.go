// Package graph holds the pool's transactions and who spends whom: indexes,
// sums over ancestors and descendants, and the order in which a full pool lets
// go. It can prove itself.
//
// It judges nothing, knows neither coins nor rules nor time, and takes no lock:
// the pool guards it.
//
// Start with Entry in entry.go, then Graph.Insert and Graph.Remove.
package graph
