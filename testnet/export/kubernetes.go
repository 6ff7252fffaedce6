package export

import (
	"fmt"
	"slices"
	"strings"

	"grapevine/testnet/config"
)

// set is nodes that are alike: one StatefulSet. A node with a name is a set of its own.
type set struct {
	name  string
	first int // the number of its first node
	count int
	node  config.Node
}

// sets of a network, in the nodes' order. The first node is one of its own: all others are
// told of it.
func sets(n *config.Network, o Options) (all []set) {
	for i, node := range n.Nodes {
		if last := len(all) - 1; i > 1 && node.Name == "" && all[last].node.Name == "" && alike(all[last].node, node) {
			all[last].count++
			continue
		}
		all = append(all, set{name: o.Name + "-" + hostName(n, i), first: i, count: 1, node: node})
	}
	return all
}

func alike(a, b config.Node) bool { return a.Mine == b.Mine && slices.Equal(a.Flags, b.Flags) }

// pod is the name of node i's.
func pod(all []set, i int) string {
	for _, s := range all {
		if i < s.first+s.count {
			return fmt.Sprintf("%s-%d", s.name, i-s.first)
		}
	}
	return ""
}

// Kubernetes writes the objects of a network; `kubectl apply -f` takes them.
func Kubernetes(n *config.Network, o Options) ([]byte, error) {
	all := sets(n, o)
	if len(o.Partition) > 0 {
		return partition(n, o, all)
	}
	docs := []any{o.service(), o.policy()}
	for _, s := range all {
		docs = append(docs, o.configMap(s, all), o.statefulSet(s))
	}
	docs = append(docs, o.disruptionBudget())
	comment := "A network of grapevine nodes, by `grapevine testnet export kubernetes`.\n" +
		"  kubectl create secret generic " + o.Name + "-rpc --from-literal=" + passwordVariable + "=$(openssl rand -hex 16)\n" +
		"  kubectl apply -f this-file\n" +
		"  kubectl port-forward " + pod(all, 0) + " 18443 &\n" +
		"  grapevine status --rpc http://127.0.0.1:18443 --rpcuser " + rpcUser + " --rpcpassword …\n"
	for _, line := range unsaid(n) {
		comment += line + "\n"
	}
	return write(comment, docs...)
}

// object begins one: what all have.
func (o Options) object(api, kind, name string, rest ...pair) kv {
	meta := kv{{"name", name}, {"labels", o.labels()}}
	if o.Namespace != "" {
		meta = append(meta, pair{"namespace", o.Namespace})
	}
	return append(kv{{"apiVersion", api}, {"kind", kind}, {"metadata", meta}}, rest...)
}

func (o Options) labels() kv {
	return kv{{"app.kubernetes.io/name", "grapevine"}, {"app.kubernetes.io/instance", o.Name}}
}

func (o Options) selector() kv { return kv{{"matchLabels", o.labels()}} }

// service is headless: its name is all nodes' addresses, and each has a name below it.
func (o Options) service() kv {
	return o.object("v1", "Service", o.Name, pair{"spec", kv{
		{"clusterIP", "None"},
		{"publishNotReadyAddresses", true}, // a node meets others before it answers RPC
		{"selector", o.labels()},
		{"ports", list{kv{{"name", "p2p"}, {"port", p2pPort}}, kv{{"name", "rpc"}, {"port", rpcPort}}}},
	}})
}

// policy lets peers in from the network itself, and RPC from the same namespace.
func (o Options) policy() kv {
	port := func(n int) kv { return kv{{"protocol", "TCP"}, {"port", n}} }
	return o.object("networking.k8s.io/v1", "NetworkPolicy", o.Name, pair{"spec", kv{
		{"podSelector", o.selector()},
		{"policyTypes", list{"Ingress"}},
		{"ingress", list{
			kv{{"from", list{kv{{"podSelector", o.selector()}}}}, {"ports", list{port(p2pPort)}}},
			kv{{"from", list{kv{{"podSelector", kv{}}}}}, {"ports", list{port(rpcPort)}}},
		}},
	}})
}

func (o Options) configMap(s set, all []set) kv {
	var contacts []string
	if s.first > 0 {
		contacts = []string{fmt.Sprintf("%s.%s:%d", pod(all, 0), o.Name, p2pPort)}
	}
	return o.object("v1", "ConfigMap", s.name, pair{"data", kv{{"grapevine.conf", conf(settings(s.node, contacts))}}})
}

// disruptionBudget: a drained machine takes one node at a time.
func (o Options) disruptionBudget() kv {
	return o.object("policy/v1", "PodDisruptionBudget", o.Name, pair{"spec", kv{{"maxUnavailable", 1}, {"selector", o.selector()}}})
}

func (o Options) statefulSet(s set) kv {
	labels := append(o.labels(), pair{"grapevine/set", s.name})
	return o.object("apps/v1", "StatefulSet", s.name, pair{"spec", kv{
		{"serviceName", o.Name},
		{"replicas", s.count},
		{"podManagementPolicy", "Parallel"},
		{"selector", kv{{"matchLabels", labels}}},
		{"template", kv{
			{"metadata", kv{
				{"labels", labels},
				{"annotations", kv{{"prometheus.io/scrape", "true"}, {"prometheus.io/port", fmt.Sprint(rpcPort)}, {"prometheus.io/path", "/metrics"}}},
			}},
			{"spec", kv{
				// Kubernetes would set variables GRAPEVINE_… that the program does not know and refuses.
				{"enableServiceLinks", false},
				{"automountServiceAccountToken", false},
				{"terminationGracePeriodSeconds", 30},
				{"securityContext", kv{{"runAsNonRoot", true}, {"runAsUser", userID}, {"runAsGroup", userID}, {"fsGroup", userID}, {"seccompProfile", kv{{"type", "RuntimeDefault"}}}}},
				{"containers", list{o.container()}},
				{"volumes", list{kv{{"name", "conf"}, {"configMap", kv{{"name", s.name}}}}}},
			}},
		}},
		{"volumeClaimTemplates", list{kv{
			{"metadata", kv{{"name", "data"}}},
			{"spec", kv{{"accessModes", list{"ReadWriteOnce"}}, {"resources", kv{{"requests", kv{{"storage", o.Storage}}}}}}},
		}}},
	}})
}

func (o Options) container() kv {
	status := kv{{"command", list{"/grapevine", "status", "--datadir", dataDir}}}
	return kv{
		{"name", "node"},
		{"image", o.Image},
		{"args", list{"node", "--datadir", dataDir}},
		{"env", list{
			kv{{"name", "GRAPEVINE_RPCUSER"}, {"value", rpcUser}},
			kv{{"name", "GRAPEVINE_RPCPASSWORD"}, {"valueFrom", kv{{"secretKeyRef", kv{{"name", o.Name + "-rpc"}, {"key", passwordVariable}}}}}},
		}},
		{"ports", list{kv{{"name", "p2p"}, {"containerPort", p2pPort}}, kv{{"name", "rpc"}, {"containerPort", rpcPort}}}},
		{"readinessProbe", kv{{"exec", status}, {"periodSeconds", 10}, {"timeoutSeconds", 5}}},
		{"livenessProbe", kv{{"tcpSocket", kv{{"port", "p2p"}}}, {"periodSeconds", 20}, {"failureThreshold", 6}}},
		{"resources", kv{
			{"requests", kv{{"cpu", "50m"}, {"memory", "64Mi"}}},
			{"limits", kv{{"memory", "1Gi"}}}, // the coin cache's default takes up to 450 MiB
		}},
		{"securityContext", kv{{"allowPrivilegeEscalation", false}, {"readOnlyRootFilesystem", true}, {"capabilities", kv{{"drop", list{"ALL"}}}}}},
		{"volumeMounts", list{
			kv{{"name", "data"}, {"mountPath", dataDir}},
			kv{{"name", "conf"}, {"mountPath", dataDir + "/grapevine.conf"}, {"subPath", "grapevine.conf"}},
		}},
	}
}

// partition writes policies: each group hears nobody but itself. Applied, the network is
// cut; deleted, it heals. Who is in no group is one of their own.
func partition(n *config.Network, o Options, all []set) ([]byte, error) {
	groups := slices.Clone(o.Partition)
	var rest []int
	for i := range n.Nodes {
		if !slices.ContainsFunc(groups, func(g []int) bool { return slices.Contains(g, i) }) {
			rest = append(rest, i)
		}
	}
	if len(rest) > 0 {
		groups = append(groups, rest)
	}
	var docs []any
	for k, g := range groups {
		var pods list
		for _, i := range g {
			pods = append(pods, pod(all, i))
		}
		inside := kv{{"matchExpressions", list{kv{{"key", "statefulset.kubernetes.io/pod-name"}, {"operator", "In"}, {"values", pods}}}}}
		docs = append(docs, o.object("networking.k8s.io/v1", "NetworkPolicy", fmt.Sprintf("%s-part-%d", o.Name, k), pair{"spec", kv{
			{"podSelector", inside},
			{"policyTypes", list{"Egress"}},
			{"egress", list{
				kv{{"to", list{kv{{"podSelector", inside}}}}},
				kv{{"ports", list{kv{{"protocol", "UDP"}, {"port", 53}}, kv{{"protocol", "TCP"}, {"port", 53}}}}}, // names
			}},
		}}))
	}
	comment := "Applied, these policies cut the network; deleted, it heals:\n  kubectl apply -f this-file; kubectl delete -f this-file\n" +
		"Connections that stand are ended by some network plugins only: `kubectl delete pod` ends them by hand.\n"
	return write(strings.TrimSpace(comment), docs...)
}
