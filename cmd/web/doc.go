// Package web is the page that a node serves to browsers: its state, the local network that it is of as a
// living picture and as a table, forms that do what the commands of `grapevine testnet` do, and a page that
// teaches what peers are good for.
//
// It asks the node and its siblings by RPC, through functions that it is given, and decides nothing about
// blocks, transactions or peers. Everything is rendered here and reads without a script; the scripts, which lie in
// cmd/web/layout, add what moves. The explorer of blocks and transactions is cmd/web/explorer, mounted here.
//
// Who only reads needs no password, and learns what REST tells anybody. A form needs a session, which begins with
// RPC's password, and a token of that session: no other site's page can send one.
//
// Start reading at New, then Page.routes.
package web
