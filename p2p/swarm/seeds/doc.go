// Package seeds asks DNS seeds, and other names, for the addresses of nodes.
//
// It keeps nothing and decides nothing: package swarm knows when to ask and what
// to do with the answers.
package seeds
