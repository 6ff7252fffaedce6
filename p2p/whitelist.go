//lint:file-ignore ST1005 the errors are Bitcoin Core's, which begin with a capital

package p2p

import (
	"fmt"
	"net/netip"
	"strings"
)

// permissionNames are Core's words, in the order in which it lists them. "bloom" and
// "all" are read too.
func permissionNames() []struct {
	name string
	bits Permissions
} {
	return []struct {
		name string
		bits Permissions
	}{
		{"bloomfilter", MayBloom}, {"noban", MayStay}, {"forcerelay", MayForceRelay}, {"relay", MayRelay},
		{"mempool", MayQueryPool}, {"download", MayDownload}, {"addr", MayAskAddrs},
	}
}

// Names lists what is granted [NetPermissions::ToStrings].
func (p Permissions) Names() []string {
	names := []string{}
	for _, n := range permissionNames() {
		if p.May(n.bits) {
			names = append(names, n.name)
		}
	}
	return names
}

// Bind is an address to accept peers at.
type Bind struct {
	At          string      // HOST[:PORT]
	Permissions Permissions // of who connects there [-whitebind]
	Onion       bool        // who connects there comes through Tor [=onion]
	Any         bool        // it is every address of this machine: of IPv4 alone where there is no IPv6
}

// Grant gives permissions to whoever connects from, or is reached in, a part of the
// network [-whitelist].
type Grant struct {
	Net     Subnet
	In, Out bool // who has dialled us; whom we have dialled
	Permissions
}

// Granted is what a list of grants gives to an address.
func Granted(grants []Grant, a netip.Addr, inbound bool) (p Permissions) {
	for _, g := range grants {
		if (inbound && g.In || !inbound && g.Out) && g.Net.Contains(a) {
			p |= g.Permissions
		}
	}
	return p
}

// Implicit is what a grant without names gives; relay and force are -whitelistrelay
// and -whitelistforcerelay.
func Implicit(relay, force bool) Permissions {
	p := MayStay | MayQueryPool
	if relay {
		p |= MayRelay
	}
	if force {
		p |= MayForceRelay
	}
	return p
}

// ParseGrant reads [PERMISSIONS@]NETWORK of -whitelist; implicit is granted when no
// names stand there.
func ParseGrant(text string, implicit Permissions) (Grant, error) {
	g, rest, err := parsePermissions(text, implicit, true)
	if err != nil {
		return Grant{}, err
	}
	var ok bool
	if g.Net, ok = ParseSubnet(rest); !ok {
		return Grant{}, fmt.Errorf("Invalid netmask specified in -whitelist: '%s'", rest)
	}
	return g, nil
}

// ParseWhitebind reads [PERMISSIONS@]ADDRESS:PORT of -whitebind.
func ParseWhitebind(text string, implicit Permissions) (netip.AddrPort, Permissions, error) {
	g, rest, err := parsePermissions(text, implicit, false)
	if err != nil {
		return netip.AddrPort{}, 0, err
	}
	to, err := ParseHostPort(rest, 0)
	at, ok := to.AddrPort()
	switch {
	case err != nil || !ok:
		return netip.AddrPort{}, 0, fmt.Errorf("Cannot resolve -whitebind address: '%s'", rest)
	case at.Port() == 0:
		return netip.AddrPort{}, 0, fmt.Errorf("Need to specify a port with -whitebind: '%s'", rest)
	}
	return at, g.Permissions, nil
}

// parsePermissions reads what stands before @ and returns the rest [TryParsePermissionFlags].
func parsePermissions(text string, implicit Permissions, out bool) (g Grant, rest string, err error) {
	names, rest, found := strings.Cut(text, "@")
	if !found {
		g.In, g.Permissions = true, implicit
		return g, text, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		bits, known := permission(name)
		switch {
		case name == "": // empty ones are allowed
		case name == "in":
			g.In = true
		case name == "out" && !out:
			return g, "", fmt.Errorf(`whitebind may only be used for incoming connections ("out" was passed)`)
		case name == "out":
			g.Out = true
		case !known:
			return g, "", fmt.Errorf("Invalid P2P permission: '%s'", name)
		}
		g.Permissions |= bits
	}
	if (g.In || g.Out) && g.Permissions == 0 {
		return g, "", fmt.Errorf("Only direction was set, no permissions: '%s'", text)
	}
	g.In = g.In || !g.Out
	return g, rest, nil
}

func permission(name string) (bits Permissions, known bool) {
	for _, n := range permissionNames() {
		if n.name == name || name == "all" || name == "bloom" && n.bits == MayBloom {
			bits, known = bits|n.bits, true
		}
	}
	return bits, known
}
