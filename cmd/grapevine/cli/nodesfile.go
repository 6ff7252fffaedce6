package cli

import (
	"fmt"
	"net/url"
	"strings"

	"go.yaml.in/yaml/v3"

	"grapevine/db"
	"grapevine/testnet"
)

// elsewhere is a node of a --nodes-file. JSON is YAML too.
type elsewhere struct {
	Name     string `yaml:"name"`
	RPC      string `yaml:"rpc"`
	P2P      string `yaml:"p2p"`
	User     string `yaml:"user"`
	Password string `yaml:"password"`
	// PasswordFile holds the password alone: a mounted secret.
	PasswordFile string `yaml:"passwordfile"`
}

// maxNodesFile bounds the file; a node takes a hundred bytes.
const maxNodesFile = 1 << 20

// readNodes reads a --nodes-file: nodes that run elsewhere, numbered in its order.
// Their PID is negative: they run, and are not ours to start and kill.
func readNodes(path string) (f testnet.File, err error) {
	raw, err := db.ReadFile(path, maxNodesFile)
	if err != nil {
		return f, err
	}
	var list struct {
		Nodes []elsewhere `yaml:"nodes"`
	}
	d := yaml.NewDecoder(strings.NewReader(string(raw)))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	f.Network = "regtest"
	for i, n := range list.Nodes {
		m := testnet.Member{Node: i, PID: -1 - i, P2P: n.P2P, RPC: n.RPC, User: n.User, Password: n.Password, Spec: testnet.Spec{Name: n.Name}}
		if u, err := url.Parse(n.RPC); err != nil || u.Host == "" || u.Scheme != "http" {
			return f, fmt.Errorf("%s: node %d: rpc %q: want http://HOST:PORT", path, i, n.RPC)
		}
		if n.Name != "" {
			if err := testnet.CheckName(n.Name); err != nil {
				return f, fmt.Errorf("%s: node %d: %w", path, i, err)
			}
			if other, err := f.Find(n.Name); err == nil {
				return f, fmt.Errorf("%s: nodes %d and %d are both called %s", path, other.Node, i, n.Name)
			}
		}
		if n.PasswordFile != "" {
			secret, err := db.ReadFile(n.PasswordFile, maxNodesFile)
			if err != nil {
				return f, fmt.Errorf("%s: node %d: %w", path, i, err)
			}
			m.Password = strings.TrimSpace(string(secret))
		}
		f.Nodes = append(f.Nodes, m)
	}
	if len(f.Nodes) == 0 {
		return f, fmt.Errorf("%s names no nodes: want a list `nodes`, each with rpc, user and password", path)
	}
	return f, nil
}
