package electrum

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"grapevine/chain"
	"grapevine/chain/ledger"
	"grapevine/cmd/rpc/explore"
	"grapevine/cmd/rpc/jsonrpc"
)

// Codes of errors, as ElectrumX has them.
const (
	codeBadRequest = 1    // also: the network's rules refuse it
	codeDaemon     = 2    // what the node behind the server says
	codeExcessive  = -101 // it takes too much
)

// methods are all that is answered, with parameters by the names of the protocol.
func (s *Server) methods() []jsonrpc.Method {
	return slices.Concat(s.serverRows(), s.headerRows(), s.scriptRows(), s.txRows())
}

func (s *Server) serverRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "server.version", Params: "client_name:any? protocol_version:any?", Open: true, Do: s.serverVersion,
			Help: "Introduces the client and agrees on a version of the protocol."},
		{Name: "server.banner", Do: s.banner, Help: "A greeting."},
		{Name: "server.features", Do: s.features, Help: "What this server is and speaks."},
		{Name: "server.ping", Open: true, Do: s.ping, Help: "Keeps the connection alive."},
		{Name: "server.peers.subscribe", Do: s.peers, Help: "Other servers: none are known."},
		{Name: "server.donation_address", Do: s.donation, Help: "Empty: there is none."},
		{Name: "server.add_peer", Params: "features:any", Do: s.addPeer, Help: "Refused: other servers are not collected."},
	}
}

// version is one of the protocol's, major, minor and patch with four digits for each; 0 is none.
type version int64

const (
	oldest version = 1_0004_0000
	newest version = 1_0006_0000
	// refused is no version: the client speaks none that is spoken here.
	refused version = -1
)

func (v version) String() string {
	text := fmt.Sprintf("%d.%d", v/1_0000_0000, v/1_0000%1_0000)
	if patch := v % 1_0000; patch > 0 {
		text += fmt.Sprintf(".%d", patch)
	}
	return text
}

// parseVersion reads "1.4" or "1.4.2".
func parseVersion(s string) (v version, ok bool) {
	parts := append(strings.Split(s, "."), "0", "0")
	if len(parts) > 5 {
		return 0, false
	}
	for _, part := range parts[:3] {
		n, err := strconv.ParseUint(part, 10, 13)
		if err != nil {
			return 0, false
		}
		v = v*1_0000 + version(n)
	}
	return v, true
}

// versions reads one version, or the lowest and the highest.
func versions(raw json.RawMessage) (from, to version, ok bool) {
	if raw == nil {
		return oldest, oldest, true
	}
	var one string
	pair := []string{}
	if json.Unmarshal(raw, &one) == nil {
		pair = []string{one, one}
	} else if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 {
		return from, to, false
	}
	from, ok = parseVersion(pair[0])
	to, okToo := parseVersion(pair[1])
	return from, to, ok && okToo
}

func clientOf(ctx context.Context) *client { return ctx.Value(clientKey{}).(*client) }

// name is what this server calls itself.
func (s *Server) name() string { return "grapevine " + s.cfg.Version }

func (s *Server) serverVersion(ctx context.Context, c *jsonrpc.Call) (any, error) {
	who := clientOf(ctx)
	if who.version != 0 {
		return nil, jsonrpc.Errorf(codeBadRequest, "server.version already sent")
	}
	from, to, ok := versions(c.Raw("protocol_version"))
	if !ok {
		return nil, jsonrpc.Errorf(codeBadRequest, "invalid protocol version: want \"1.4\" or [\"1.4\", \"1.6\"]")
	}
	agreed := min(to, newest)
	if agreed < max(from, oldest) {
		who.version = refused
		return nil, jsonrpc.Errorf(codeBadRequest, "unsupported protocol version: %s to %s are spoken here", oldest, newest)
	}
	who.version = agreed
	who.known.Store(true)
	return []string{s.name(), agreed.String()}, nil
}

// speaks says whether the client speaks at least a version; who has not said speaks the oldest.
func speaks(ctx context.Context, v version) bool { return clientOf(ctx).version >= v }

func (s *Server) banner(context.Context, *jsonrpc.Call) (any, error) {
	return "Welcome to " + s.name() + ", a node of your own.", nil
}

func (s *Server) features(context.Context, *jsonrpc.Call) (any, error) {
	return struct {
		Genesis string         `json:"genesis_hash"`
		Hosts   map[string]any `json:"hosts"`
		Max     string         `json:"protocol_max"`
		Min     string         `json:"protocol_min"`
		Pruning *int           `json:"pruning"`
		Server  string         `json:"server_version"`
		Hash    string         `json:"hash_function"`
	}{s.cfg.Explore.Chain.Params.Genesis().Hash.String(), map[string]any{}, newest.String(), oldest.String(), nil, s.name(), "sha256"}, nil
}

func (s *Server) ping(context.Context, *jsonrpc.Call) (any, error) { return nil, nil }

func (s *Server) peers(context.Context, *jsonrpc.Call) (any, error) { return []any{}, nil }

func (s *Server) donation(context.Context, *jsonrpc.Call) (any, error) { return "", nil }

func (s *Server) addPeer(context.Context, *jsonrpc.Call) (any, error) { return false, nil }

// told gives what went wrong a code.
func told(err error) error {
	switch {
	case errors.Is(err, explore.ErrTooLong):
		return jsonrpc.Errorf(codeBadRequest, "history too large")
	case errors.Is(err, ledger.ErrNoIndex), errors.Is(err, ledger.ErrIndexing), errors.Is(err, ledger.ErrMoved), errors.Is(err, chain.ErrPruned):
		return jsonrpc.Errorf(codeDaemon, "%s", err)
	}
	return err
}
