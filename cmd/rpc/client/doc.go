// Package client calls a node's JSON-RPC. It owns the connection and the form
// of calls, answers and their errors, and it turns words of a command line into
// parameters by the rows of methods that it is given. It never retries and never interprets an
// answer.
//
// It is a package of its own, though small, because commands need it without the
// server and its rooms.
//
// Start reading at Client.Call.
package client
