package client

// DefaultPort is where a node answers RPC if nothing else is said: Core's port on that network
// [CBaseChainParams], which is called by our name or by Core's. Where there is no such network it is
// that of the local one.
func DefaultPort(network string) uint16 {
	switch network {
	case "main", "mainnet":
		return 8332
	case "test", "testnet3":
		return 18332
	case "testnet4":
		return 48332
	case "signet":
		return 38332
	}
	return 18443
}
