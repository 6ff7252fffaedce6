package node

import "grapevine/p2p/gossip"

// Manners are how a node behaves towards its peers, for who reads flags.
type Manners = gossip.Manners

// MostOrphans is the most that Manners.MaxOrphans may say.
const MostOrphans = gossip.MostOrphans
