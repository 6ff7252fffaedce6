// Package walletapi answers the methods about the node's wallet. There is one
// wallet; createwallet and loadwallet give it the name that a client wants to
// use in /wallet/NAME. It asks the wallet service and decides nothing.
//
// Start reading at API.Methods.
package walletapi
