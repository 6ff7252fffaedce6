// Package jsonrpc is JSON-RPC over plain HTTP as bitcoind speaks it: who may
// call, how a call and its answer look, how parameters are read and how errors
// are numbered.
//
// It knows no method of its own (the caller brings a table of them) and asks no
// room; from package chain it has the words for amounts. It owns no goroutine but
// those of net/http.
//
// Start reading at Handler.ServeHTTP; access.go says who may ask, conns.go and
// budget.go why nobody can keep others from being answered, head.go why requests
// without a Host header arrive at all, method.go what a method is, params.go what
// it sees.
package jsonrpc
