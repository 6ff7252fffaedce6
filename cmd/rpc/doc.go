// Package rpc serves a node over HTTP: JSON-RPC as bitcoind speaks it, its REST
// paths, and /metrics for Prometheus.
//
// It owns the listener, the cookie file and the table of methods. It never
// decides anything about blocks, transactions or peers: each method asks one
// room and puts the answer into bitcoind's form. What is self-made (a block, a
// payment) is answered only after the ledger has it on disk.
//
// The methods live one package per room they ask: chainapi, poolapi, walletapi,
// and here those about peers and the process itself. jsonrpc is the transport,
// show the JSON of blocks and transactions, client the other end of the line.
//
// A method is one jsonrpc.Method, a row that stands with its function and holds
// all there is to say of it: dispatch, help, the reading of parameters and the
// command line follow from it.
//
// Start reading at Server.Run and Server.methods.
package rpc
