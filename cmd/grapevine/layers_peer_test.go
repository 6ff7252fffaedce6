package main

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
	"testing"
)

// peerTypes are all types that describe the other end of a connection. What its handshake
// has said stands once, and what people see of it stands once: a tenth type has to show that
// none of these will do.
var peerTypes = map[string]string{
	"p2p.Hello":                "what the handshake has said",
	"p2p.Link":                 "which connection, what for, by whose leave, and its Hello",
	"p2p.PeerInfo":             "the view for people, and getpeerinfo's row",
	"p2p/peer.Peer":            "the connection itself: reading, writing",
	"p2p/swarm.remote":         "what the running network keeps of it",
	"p2p/gossip.peer":          "what the conversation keeps of it; the next three are its parts",
	"p2p/gossip/headers.Talk":  "of headers",
	"p2p/gossip/blocks.Source": "of bodies",
	"p2p/gossip/txs.Peer":      "of transactions",
}

const mostPeerTypes = 9

// joined is an event of the conversation: who has come.
const joined = "p2p/gossip.Joined"

// saysPeer tells by what a struct gives itself away: it has a part of those above in it, or
// says whether the other end has dialled, or has names that getpeerinfo has for a peer.
func saysPeer(s *ast.StructType) (why string) {
	for _, f := range s.Fields.List {
		typ := strings.TrimPrefix(types.ExprString(f.Type), "*")
		of := typ[strings.LastIndex(typ, ".")+1:]
		tag := ""
		if f.Tag != nil {
			tag = f.Tag.Value
		}
		has := func(names ...string) bool {
			return slices.ContainsFunc(names, func(n string) bool {
				return strings.Contains(tag, `json:"`+n+`"`) || strings.Contains(tag, `json:"`+n+`,`)
			})
		}
		switch {
		case len(f.Names) == 0 && slices.Contains([]string{"Hello", "Link", "PeerInfo"}, of):
			return typ + " is embedded"
		case has("subver", "addrbind", "inbound"):
			return "its JSON is a peer's"
		case typ == "bool" && slices.ContainsFunc(f.Names, func(n *ast.Ident) bool { return strings.EqualFold(n.Name, "inbound") }):
			return "it says whether the other end has dialled"
		}
	}
	return ""
}

func TestLayersHaveNinePeerTypes(t *testing.T) {
	if n := len(peerTypes); n > mostPeerTypes {
		t.Errorf("%d types of a peer, more than %d", n, mostPeerTypes)
	}
	there := map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(x ast.Node) bool {
			d, ok := x.(*ast.TypeSpec)
			if !ok {
				return true
			}
			name := s.room + "." + d.Name.Name
			there[name] = true
			body, ok := d.Type.(*ast.StructType)
			if !ok {
				return true
			}
			if _, known := peerTypes[name]; known || name == joined {
				return true
			}
			if why := saysPeer(body); why != "" {
				t.Errorf("%s:%d: %s is one more type of a peer (%s): p2p.Link or p2p.PeerInfo will do", s.name, s.line(d.Pos()), name, why)
			}
			return true
		})
	}
	for name := range peerTypes {
		if !there[name] {
			t.Errorf("%s is named among the types of a peer and does not exist", name)
		}
	}
}
