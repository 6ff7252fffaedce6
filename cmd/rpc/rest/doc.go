// Package rest answers bitcoind's REST paths: public data of the chain and the
// pool without a password, as JSON, hex or bytes. It only reads.
//
// Start reading at Handler.ServeHTTP.
package rest
