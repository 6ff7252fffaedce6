// Package town is the command group `grapevine testnet`: a local network of
// real processes, and its story.
//
// It starts, shows and ends networks through testnet/process and talks to
// their nodes by RPC like any other command. It never looks into a node.
//
// Start reading at Command.
package town
