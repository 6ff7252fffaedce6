package p2p

// Permissions are what people grant a peer, by its address or by where it connected
// [NetPermissionFlags, -whitelist and -whitebind]. Each is a set of bits: one that
// implies another holds that one's bits too.
type Permissions uint32

const (
	MayBloom      Permissions             = 1 << iota // bloom filters, offered or not (BIP37)
	MayRelay                                          // its transactions are taken and it is told ours, also by who wants blocks only
	mayForce                                          // of MayForceRelay
	mayStay                                           // of MayStay
	MayQueryPool                                      // the message mempool is answered
	MayDownload                                       // blocks and headers, during our initial sync and past an upload target too
	MayAskAddrs                                       // getaddr from all we know, and no limit on the addresses that it tells
	MayForceRelay = mayForce | MayRelay               // its transactions are passed on even if we have them already
	MayStay       = mayStay | MayDownload             // it is not dropped for what it does, nor kept out, nor discouraged (noban)
)

// May says whether all of what is asked is granted.
func (p Permissions) May(what Permissions) bool { return p&what == what }
