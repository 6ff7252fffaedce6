// Package liars is the nodes that do not play by the rules: between a node's
// conversation and its lines each of them spoils what is said, in one way. Start
// reading at liars.go: the ways, then Spoil.
package liars
