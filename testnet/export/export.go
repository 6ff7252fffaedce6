package export

import (
	"bytes"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"grapevine/testnet/config"
)

// Options of an export.
type Options struct {
	Image     string // of the container: see docs/docker/Dockerfile
	Name      string // of the network: of the Compose project, and what its objects are called in a cluster
	Namespace string // of Kubernetes; "": the one kubectl goes by
	Storage   string // of each node's volume, as Kubernetes says it: 1Gi
	// Partition: only the policies that divide the network into these groups of nodes,
	// by number, to be applied beside the rest and deleted again.
	Partition [][]int
}

// Ports and places within a container.
const (
	p2pPort = 18444
	rpcPort = 18443
	dataDir = "/data"
	userID  = 65532 // nobody that another image knows; see the Dockerfile
	rpcUser = "grapevine"

	// passwordVariable holds RPC's password: in the environment of Compose, and in the
	// cluster's secret.
	passwordVariable = "RPCPASSWORD"
)

// kv is an ordered mapping: manifests are read by people.
type kv []pair

type pair struct {
	key   string
	value any
}

// MarshalYAML keeps the order.
func (m kv) MarshalYAML() (any, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, p := range m {
		var v yaml.Node
		if err := v.Encode(p.value); err != nil {
			return nil, err
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: p.key}, &v)
	}
	return out, nil
}

type list []any

// write writes documents one after the other, below a comment.
func write(comment string, docs ...any) ([]byte, error) {
	var b bytes.Buffer
	for line := range strings.SplitSeq(strings.TrimSpace(comment), "\n") {
		b.WriteString(strings.TrimSpace("# "+line) + "\n")
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	for _, d := range docs {
		if err := e.Encode(d); err != nil {
			return nil, fmt.Errorf("write the manifest: %w", err)
		}
	}
	return b.Bytes(), e.Close()
}

// setting of a node: --name=value on its command line, `name = value` in its grapevine.conf.
type setting struct{ name, value string }

// settings are a node's own. contacts are addresses that it is told.
func settings(n config.Node, contacts []string) []setting {
	all := []setting{{"listen", fmt.Sprintf("0.0.0.0:%d", p2pPort)}, {"rpclisten", fmt.Sprintf("0.0.0.0:%d", rpcPort)}, {"rest", "true"}}
	for _, at := range contacts {
		all = append(all, setting{"addnode", at})
	}
	if n.Mine != "" && n.Mine != "manual" {
		all = append(all, setting{"mine", n.Mine})
	}
	for _, f := range n.Flags {
		name, value, _ := strings.Cut(f, " = ")
		all = append(all, setting{name, value})
	}
	return all
}

// conf is them as a grapevine.conf.
func conf(all []setting) string {
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%s = %s\n", s.name, s.value)
	}
	return b.String()
}

// hostName of node i within the network.
func hostName(n *config.Network, i int) string {
	if name := n.Nodes[i].Name; name != "" {
		return name
	}
	return fmt.Sprintf("node%d", i)
}

// unsaid names what of the file an engine does not do by itself.
func unsaid(n *config.Network) (lines []string) {
	if len(n.Links) > 0 {
		lines = append(lines, "The file's links are not in here: an engine does not slow connections.")
	}
	funded := n.Fund > 0
	for _, v := range n.Nodes {
		funded = funded || v.Fund > 0
	}
	if funded {
		lines = append(lines, "The file's money is not in here: `grapevine testnet faucet --nodes-file nodes.yaml --node 0 ADDRESS AMOUNT` pays.")
	}
	return lines
}
