package rpc

import "net/http"

// Admits says whether who asks from an address may, when these networks are named.
func Admits(named []string, from string) bool {
	a, err := newAccess(Serving{RPCAllowIP: named})
	return err == nil && a.admits(&http.Request{RemoteAddr: from})
}
