// Package addrbook remembers addresses of nodes and how good they were, so that
// a node finds its peers again after a restart and cannot be surrounded by one
// attacker's addresses.
//
// As in Bitcoin Core there are two tables. Whatever is heard goes to *new*, to a
// bucket chosen by who said it, so that one speaker can fill only few of them;
// whoever was once connected goes to *tried*, to a bucket chosen by its own
// network group; if its place there is taken, the older one is tested before it
// goes. Buckets are chosen with a secret key.
//
// It never dials: package swarm asks it whom to try. Start reading at Book.Add
// and Book.Pick.
package addrbook
