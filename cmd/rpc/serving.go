package rpc

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"io/fs"
	"time"
)

// ErrStart is Core's word for every reason why the server does not start; the
// reason itself is in the log and in the error that wraps this one.
var ErrStart = errors.New("Unable to start HTTP server. See debug log for details.")

// Of RPCThreads and RPCQueue these are Core's, where people choose the other alone.
const (
	CoreThreads = 16 // [DEFAULT_HTTP_THREADS]
	CoreQueue   = 64 // [DEFAULT_HTTP_WORKQUEUE]
)

// Serving is what people choose about RPC (Core: -rpcauth and what begins
// with -rpc). The zero value of each means what its comment says.
type Serving struct {
	RPCAuth []string // USERNAME:SALT$HASH, beside user and cookie; "" is none
	// RPCWhitelist are USERNAME:METHOD,METHOD: what this user may call; given twice,
	// what stands in both. RPCWhitelistDefault says whether users without one may call
	// nothing; nil: when there is any.
	RPCWhitelist        []string
	RPCWhitelistDefault *bool
	// RPCAllowIP are the addresses and networks that may ask, beside this machine;
	// nil: whoever reaches the port.
	RPCAllowIP []string
	// RPCBind are "host:port" to listen at beside RPCListen. With RPCBindAny it is
	// enough that one of all these addresses can be had.
	RPCBind    []string
	RPCBindAny bool

	RPCTimeout time.Duration // of a client's silence; 0: half a minute
	// RPCThreads are the calls at work at once, and RPCQueue the requests that may wait
	// beside them; 0 for both: calls that wait for the world leave their place, and
	// as many requests wait as there are connections.
	RPCThreads, RPCQueue int

	RPCCookie     string      // file of the cookie; "": the one the server was built with
	RPCCookieMode fs.FileMode // its rights; 0: the owner's alone
	RPCNoCookie   bool        // writes none

	LogPath string    // file of the log, for getrpcinfo; "": none
	Logging LogSwitch // what logging switches; nil: nothing can be switched
}

// LogSwitch turns categories of the log on and off.
type LogSwitch interface {
	// LogCategories are all of them and whether they are on.
	LogCategories() map[string]bool
	// SwitchLog turns one on or off, or those that "all" and the like stand for; false: there is no such category.
	SwitchLog(category string, on bool) (known bool)
}
