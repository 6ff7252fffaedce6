// Package rawapi answers the methods about transactions, keys, addresses and
// descriptors that the caller brings along: raw transactions and PSBTs are made,
// shown, joined and signed, messages too.
//
// It keeps nothing, and asks the node for coins only. Keys come with the call and
// go with it.
//
// Start reading at Methods in api.go.
package rawapi
