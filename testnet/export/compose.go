package export

import (
	"fmt"
	"strings"

	"grapevine/testnet/config"
)

// FirstRPC is the port of this machine where Compose publishes node 0's RPC; node i's is
// i higher.
const FirstRPC = 18500

// Compose writes a compose.yaml.
func Compose(n *config.Network, o Options) ([]byte, error) {
	services, configs, volumes := kv{}, kv{}, kv{}
	for i, node := range n.Nodes {
		host := hostName(n, i)
		var contacts []string
		if i > 0 {
			contacts = []string{fmt.Sprintf("%s:%d", hostName(n, 0), p2pPort)}
		}
		service := kv{
			{"image", o.Image},
			{"command", list{"node", "--datadir", dataDir}},
			{"environment", kv{
				{"GRAPEVINE_RPCUSER", rpcUser},
				{"GRAPEVINE_RPCPASSWORD", fmt.Sprintf("${%s:?say the RPC password by this variable}", passwordVariable)},
			}},
			{"configs", list{kv{{"source", host}, {"target", dataDir + "/grapevine.conf"}}}},
			{"volumes", list{host + ":" + dataDir}},
			{"ports", list{fmt.Sprintf("127.0.0.1:%d:%d", FirstRPC+i, rpcPort)}},
			{"healthcheck", kv{
				{"test", list{"CMD", "/grapevine", "status", "--datadir", dataDir}},
				{"interval", "10s"}, {"timeout", "5s"}, {"retries", 3}, {"start_period", "20s"},
			}},
			{"read_only", true},
			{"cap_drop", list{"ALL"}},
			{"security_opt", list{"no-new-privileges:true"}},
			{"stop_grace_period", "30s"},
			{"restart", "unless-stopped"},
		}
		services = append(services, pair{host, service})
		configs = append(configs, pair{host, kv{{"content", literal(conf(node, contacts))}}})
		volumes = append(volumes, pair{host, kv{}})
	}
	comment := "A network of grapevine nodes, by `grapevine testnet export compose`.\n" +
		"  docker build -t " + o.Image + " -f docs/docker/Dockerfile .\n" +
		"  " + passwordVariable + "=… docker compose up -d\n" +
		"Each node's RPC is published on this machine alone, node 0's at port " + fmt.Sprint(FirstRPC) + ".\n"
	for _, line := range unsaid(n) {
		comment += line + "\n"
	}
	return write(comment, kv{{"name", o.Name}, {"services", services}, {"configs", configs}, {"volumes", volumes}})
}

// literal text is not looked through for variables.
func literal(s string) string { return strings.ReplaceAll(s, "$", "$$") }

// NodesFile names the nodes that Compose publishes, for --nodes-file.
func NodesFile(n *config.Network) ([]byte, error) {
	nodes := list{}
	for i := range n.Nodes {
		node := kv{{"rpc", fmt.Sprintf("http://127.0.0.1:%d", FirstRPC+i)}, {"user", rpcUser}, {"passwordfile", "rpcpassword"}}
		if name := n.Nodes[i].Name; name != "" {
			node = append(kv{{"name", name}}, node...)
		}
		nodes = append(nodes, node)
	}
	return write("The nodes of `grapevine testnet export compose`, for --nodes-file. The file rpcpassword holds what "+passwordVariable+" said.\nFor a cluster put the addresses of `kubectl port-forward` here.", kv{{"nodes", nodes}})
}
