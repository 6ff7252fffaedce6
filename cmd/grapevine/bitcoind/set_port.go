package bitcoind

import (
	"fmt"
	"slices"
)

// warnPort warns of a port to listen at which peers do not dial [BadPortWarning].
func (s *setup) warnPort(option string, port uint16) {
	if otherService(port) {
		s.warn(fmt.Sprintf("-%s request to listen on port %d. This port is considered \"bad\" and thus it is unlikely that any peer will connect to it. See doc/p2p-bad-ports.md for details and a full list.", option, port))
	}
}

// otherService is whether a port belongs to another protocol, whose servers could be harmed by strangers'
// dials: those that browsers refuse too (Fetch, "bad port") [IsBadPort].
func otherService(port uint16) bool {
	return slices.Contains([]uint16{
		1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95,
		101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179,
		389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995,
		1719, 1720, 1723, 2049, 3659, 4045, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6697, 10080,
	}, port)
}
