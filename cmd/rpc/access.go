package rpc

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"grapevine/p2p"
)

// access says who may ask this server, and what.
type access struct {
	hashed  []hashedUser
	lists   map[string]map[string]bool // methods of the users that have a list
	allowed bool                       // users without a list may call everything
	from    []p2p.Subnet               // nil: from anywhere
}

// hashedUser is a user whose password is known by its HMAC-SHA-256 alone (Core: -rpcauth).
type hashedUser struct{ name, salt, hash string }

func newAccess(o Serving) (a access, err error) {
	for _, line := range o.RPCAuth {
		u, err := parseAuth(line)
		if err != nil {
			return a, fmt.Errorf("%w (%w)", ErrStart, err)
		}
		if u != (hashedUser{}) {
			a.hashed = append(a.hashed, u)
		}
	}
	a.readLists(o)
	a.from, err = allowedFrom(o.RPCAllowIP)
	return a, err
}

// parseAuth reads USERNAME:SALT$HASH; nothing is nobody.
func parseAuth(line string) (u hashedUser, err error) {
	if line == "" {
		return u, nil
	}
	fields := strings.Split(line, ":")
	secret := strings.Split(fields[len(fields)-1], "$")
	if len(fields) != 2 || len(secret) != 2 {
		return u, fmt.Errorf("invalid -rpcauth argument: want USERNAME:SALT$HASH") // what it was may be a password
	}
	return hashedUser{fields[0], secret[0], secret[1]}, nil
}

// CheckAuth says what is wrong with USERNAME:SALT$HASH.
func CheckAuth(line string) error {
	_, err := parseAuth(line)
	return err
}

// readLists reads the lists of what users may call [InitRPCAuthentication].
func (a *access) readLists(o Serving) {
	a.allowed = len(o.RPCWhitelist) == 0
	if o.RPCWhitelistDefault != nil {
		a.allowed = !*o.RPCWhitelistDefault
	}
	a.lists = map[string]map[string]bool{}
	for _, line := range o.RPCWhitelist {
		user, names, named := strings.Cut(line, ":")
		old, again := a.lists[user]
		if !named {
			if !again {
				a.lists[user] = map[string]bool{}
			}
			continue
		}
		list := map[string]bool{}
		for _, m := range strings.FieldsFunc(names, func(r rune) bool { return r == ',' || r == ' ' }) {
			list[m] = !again || old[m]
		}
		a.lists[user] = list
	}
}

// may says which methods a user may call: those of only, or all.
func (a *access) may(user string) (only map[string]bool, all bool) {
	only, has := a.lists[user]
	return only, !has && a.allowed
}

// knows says whether the password is that of a hashed user.
func (a *access) knows(user, password string) bool {
	ok := 0
	for _, u := range a.hashed {
		mac := hmac.New(sha256.New, []byte(u.salt))
		mac.Write([]byte(password))
		ok |= same(u.name, user) & same(u.hash, hex.EncodeToString(mac.Sum(nil)))
	}
	return ok == 1
}

// allowedFrom reads addresses and networks; this machine is always among them.
func allowedFrom(list []string) ([]p2p.Subnet, error) {
	if list == nil {
		return nil, nil
	}
	var from []p2p.Subnet
	for _, s := range append([]string{"127.0.0.0/8", "::1"}, list...) {
		net, ok := p2p.ParseSubnet(s)
		if !ok {
			return nil, fmt.Errorf("Invalid -rpcallowip subnet specification: %s. Valid are a single IP (e.g. 1.2.3.4), "+
				"a network/netmask (e.g. 1.2.3.4/255.255.255.0) or a network/CIDR (e.g. 1.2.3.4/24).", s)
		}
		from = append(from, net)
	}
	return from, nil
}

// CheckAllowIP says which of the addresses and networks is none.
func CheckAllowIP(list []string) error {
	_, err := allowedFrom(list)
	return err
}

// admits says whether a request comes from where it may [ClientAllowed].
func (a *access) admits(r *http.Request) bool {
	if a.from == nil {
		return true
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return false
	}
	for _, p := range a.from {
		if p.Contains(at.Addr()) {
			return true
		}
	}
	return false
}
