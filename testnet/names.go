package testnet

import (
	"fmt"
	"strconv"
	"strings"
)

// maxName is what a host's name may have, with room for a prefix.
const maxName = 30

// CheckName says whether a node may be called so: a small letter, then small letters
// and digits. It is then a host's name as well, and no number and no list.
func CheckName(name string) error {
	ok := len(name) > 0 && len(name) <= maxName && name[0] >= 'a' && name[0] <= 'z'
	for _, r := range name {
		ok = ok && (r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}
	if _, err := strconv.Atoi(strings.TrimPrefix(name, "node")); err == nil {
		return fmt.Errorf("%q: so are nodes called that have no name", name)
	}
	if !ok {
		return fmt.Errorf("%q: a node's name is a small letter and then small letters and digits, %d at most", name, maxName)
	}
	return nil
}

// Find is the member that a person means by a number or a name.
func (f File) Find(word string) (Member, error) {
	if n, err := strconv.Atoi(word); err == nil {
		return f.Member(n)
	}
	for _, m := range f.Nodes {
		if m.Name != "" && m.Name == word {
			return m, nil
		}
	}
	return Member{}, fmt.Errorf("%w: there is no node %q, only %s", ErrNoNode, word, f.names())
}

// Title is "alice (node 0)", or "node 0" of one without a name.
func (m Member) Title() string {
	if m.Name == "" {
		return fmt.Sprintf("node %d", m.Node)
	}
	return fmt.Sprintf("%s (node %d)", m.Name, m.Node)
}
