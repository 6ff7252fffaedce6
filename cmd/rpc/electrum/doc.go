// Package electrum serves Electrum's protocol, 1.4 to 1.6: light wallets ask for the histories of
// their scripts, proofs and headers, subscribe to what changes, and hand transactions in. It speaks
// JSON-RPC over lines, on ports of its own, in the clear and by TLS with a certificate that it makes itself.
//
// It owns the connections, who has subscribed to what, and what each has yet to be told. It never decides
// what happened: the node tells it every move of chain and pool, in order. Telling it never waits for
// anybody: a client that does not read hears of each of its scripts once, when it reads on, and is
// hung up on if it reads nothing for half a minute.
//
// Goroutines: Run's caller; one that accepts for each address; two for each client, who reads and answers,
// and who writes. All have ended when Run returns.
//
// Start reading at Server.Run, client.run and, for what is answered, methods.
package electrum
