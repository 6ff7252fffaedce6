package rpc

import (
	"slices"
	"sync/atomic"
)

// LogCategories are the names of Core's categories, in the order of their bits.
func LogCategories() []string {
	return []string{"addrman", "bench", "blockstorage", "cmpctblock", "coindb", "estimatefee", "http", "i2p", "ipc", "leveldb", "libevent",
		"mempool", "mempoolrej", "net", "proxy", "prune", "qt", "rand", "reindex", "rpc", "scan", "selectcoins", "tor", "txpackages",
		"txreconciliation", "validation", "walletdb", "zmq"}
}

const allCategories = 1<<28 - 1

// LogCategoryOf is the category of what a subsystem of ours logs.
func LogCategoryOf(subsystem string) string {
	switch subsystem {
	case "gossip", "swarm":
		return "net"
	case "addrbook":
		return "addrman"
	case "pool":
		return "mempool"
	case "wallet":
		return "walletdb"
	case "rpc", "zmq":
		return subsystem
	}
	return "validation"
}

// LogMask says which categories of the log are on. It is safe for concurrent use;
// its zero value has none.
type LogMask struct{ on atomic.Uint64 }

var _ LogSwitch = (*LogMask)(nil)

// LogCategories is LogSwitch's.
func (m *LogMask) LogCategories() map[string]bool {
	all := map[string]bool{}
	for _, name := range LogCategories() {
		all[name] = m.Logs(name)
	}
	return all
}

// SwitchLog is LogSwitch's; "1", "all" and "" are all categories.
func (m *LogMask) SwitchLog(category string, on bool) (known bool) {
	bit := bitOf(category)
	if on {
		m.on.Or(bit)
	} else {
		m.on.And(^bit)
	}
	return bit != 0
}

// Logs says whether a category is on.
func (m *LogMask) Logs(category string) bool { return m.on.Load()&bitOf(category) != 0 }

// Any says whether one of them is on.
func (m *LogMask) Any() bool { return m.on.Load() != 0 }

func bitOf(category string) uint64 {
	if category == "" || category == "1" || category == "all" {
		return allCategories
	}
	if i := slices.Index(LogCategories(), category); i >= 0 {
		return 1 << i
	}
	return 0
}
