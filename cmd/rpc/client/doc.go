// Package client calls a node's JSON-RPC. It owns the connection and the form
// of calls, answers and their errors, and it turns words of a command line into
// parameters as bitcoin-cli does. It never retries and never interprets an
// answer.
//
// Start reading at Client.Call.
package client
