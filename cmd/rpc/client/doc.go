// Package client calls a node's JSON-RPC. It owns the connection and the form
// of calls, answers and their errors, and it turns words of a command line into
// parameters by the rows of methods that it is given. It never retries and never interprets an
// answer.
//
// Start reading at Client.Call.
package client
