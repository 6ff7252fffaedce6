package export

import (
	"fmt"
	"strings"

	"grapevine/testnet/config"
)

// firstRPC is the port of this machine where Compose publishes node 0's RPC, and node i's is
// i higher, unless the network says its ports.
const firstRPC = 18500

// published is the port of this machine where Compose publishes node i's RPC: the one where
// `testnet up` would put it, if the network says its ports.
func published(n *config.Network, i int) int {
	if n.PortBase == 0 {
		return firstRPC + i
	}
	return n.PortBase + 2*i + 1
}

// Compose writes a compose.yaml. The health check is the image's.
func Compose(n *config.Network, o Options) ([]byte, error) {
	services, volumes := kv{}, kv{}
	for i, node := range n.Nodes {
		host := hostName(n, i)
		var contacts []string
		if i > 0 {
			contacts = []string{fmt.Sprintf("%s:%d", hostName(n, 0), p2pPort)}
		}
		service := kv{
			{"image", o.Image},
			{"command", command(settings(node, contacts))},
			{"environment", kv{
				{"GRAPEVINE_RPCUSER", rpcUser},
				{"GRAPEVINE_RPCPASSWORD", fmt.Sprintf("${%s:?say the RPC password by this variable}", passwordVariable)},
			}},
			{"volumes", list{host + ":" + dataDir}},
			{"ports", list{fmt.Sprintf("127.0.0.1:%d:%d", published(n, i), rpcPort)}},
			{"read_only", true},
			{"cap_drop", list{"ALL"}},
			{"security_opt", list{"no-new-privileges:true"}},
			{"stop_grace_period", "30s"},
			{"restart", "unless-stopped"},
		}
		services = append(services, pair{host, service})
		volumes = append(volumes, pair{host, kv{}})
	}
	comment := "A network of grapevine nodes, by `grapevine testnet export compose`.\n" +
		"  docker build -t " + o.Image + " -f docs/docker/Dockerfile .\n" +
		"  " + passwordVariable + "=… docker compose up -d\n" +
		"Each node's RPC is published on this machine alone, node 0's at port " + fmt.Sprint(published(n, 0)) + ".\n"
	for _, line := range unsaid(n) {
		comment += line + "\n"
	}
	return write(comment, kv{{"name", o.Name}, {"services", services}, {"volumes", volumes}})
}

// command is a node's whole: older Composes, and podman-compose, leave out a file whose text
// stands in the manifest, without a word.
func command(all []setting) list {
	words := list{"node", "--datadir", dataDir}
	for _, s := range all {
		words = append(words, literal("--"+s.name+"="+s.value))
	}
	return words
}

// literal text is not looked through for variables.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// NodesFile names the nodes that Compose publishes, for --nodes-file.
func NodesFile(n *config.Network) ([]byte, error) {
	nodes := list{}
	for i := range n.Nodes {
		node := kv{{"rpc", fmt.Sprintf("http://127.0.0.1:%d", published(n, i))}, {"user", rpcUser}, {"passwordfile", "rpcpassword"}}
		if name := n.Nodes[i].Name; name != "" {
			node = append(kv{{"name", name}}, node...)
		}
		nodes = append(nodes, node)
	}
	return write("The nodes of `grapevine testnet export compose`, for --nodes-file. The file rpcpassword holds what "+passwordVariable+" said.\nFor a cluster put the addresses of `kubectl port-forward` here.", kv{{"nodes", nodes}})
}
