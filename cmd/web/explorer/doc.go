// Package explorer is the part of the node's page that shows the chain and the pool: blocks,
// transactions, addresses, what waits for a block, reorganisations, the search, and the node itself.
//
// It reads what ledger, pool and swarm tell at one moment, through cmd/rpc/explore and cmd/rpc/show, and
// renders it on the server; a page reads without a script. It keeps only what its plots are made of and
// the last picture of the pool. It changes nothing: whoever may read a page may read all of them.
//
// What one page shows is bounded whatever it is asked for: lists have pages, long scripts are cut, and
// as many requests are at work at once as REST has places.
//
// Start reading at Handler.ServeHTTP, then routes.
package explorer
