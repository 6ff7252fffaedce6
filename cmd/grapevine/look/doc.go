// Package look is what one asks a node about: `grapevine status`, `peers`,
// `tx` and `block`.
//
// It reads by RPC and shows, and it changes nothing but by `tx send`, which
// hands a signed transaction in.
//
// Start reading at Commands.
package look
