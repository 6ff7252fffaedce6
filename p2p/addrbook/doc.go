// Package addrbook remembers addresses of nodes and how good they were.
//
// It never dials: package swarm asks it whom to try.
package addrbook
