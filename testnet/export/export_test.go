package export

import (
	"strings"
	"testing"

	"grapevine/testnet/config"
)

func parsed(t *testing.T, text string) *config.Network {
	t.Helper()
	n, err := config.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func options() Options { return Options{Image: "grapevine:1", Name: "net", Storage: "1Gi"} }

func TestNodesThatAreAlikeAreOneSet(t *testing.T) {
	n := parsed(t, "nodes:\n- {}\n- count: 3\n- name: bob\n- {}\n- mine: on-tx\n- flags: {maxpeers: 9}\n- flags: {maxpeers: 9}\n")
	var got []string
	total := 0
	for _, s := range sets(n, options()) {
		got = append(got, s.name)
		total += s.count
	}
	if want := "net-node0 net-node1 net-bob net-node5 net-node6 net-node7"; strings.Join(got, " ") != want || total != len(n.Nodes) {
		t.Errorf("%v, %d nodes", got, total)
	}
	if p := pod(sets(n, options()), 3); p != "net-node1-2" {
		t.Errorf("node 3 is %s", p)
	}
}

func TestEveryNodeButTheFirstIsToldOfTheFirst(t *testing.T) {
	n := parsed(t, "nodes:\n- name: alice\n- name: bob\n  mine: every=9s\n  flags: {maxpeers: 9}\n")
	compose, err := Compose(n, options())
	if err != nil {
		t.Fatal(err)
	}
	cluster, err := Kubernetes(n, options())
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		text string
		once []string
	}{
		"compose":    {string(compose), []string{"- --addnode=alice:18444", "- --mine=every=9s", "- --maxpeers=9"}},
		"kubernetes": {string(cluster), []string{"addnode = net-alice-0.net:18444", "mine = every=9s", "maxpeers = 9"}},
	} {
		for _, what := range c.once {
			if strings.Count(c.text, what) != 1 {
				t.Errorf("%s once:\n%s", what, c.text)
			}
		}
		if strings.Contains(c.text, "rpcpassword =") {
			t.Errorf("%s holds a password", what)
		}
	}
}

func TestWhatAnEngineDoesNotDoIsSaid(t *testing.T) {
	n := parsed(t, "nodes: 2\nfund: 1\nlinks:\n- {between: 0-1, latency: 1s}")
	for _, write := range []func(*config.Network, Options) ([]byte, error){Compose, Kubernetes} {
		raw, err := write(n, options())
		if err != nil || !strings.Contains(string(raw), "# The file's links are not in here") || !strings.Contains(string(raw), "# The file's money is not in here") {
			t.Errorf("%v\n%s", err, raw)
		}
	}
}

func TestNodesOfComposeAreNamedForOurCommands(t *testing.T) {
	raw, err := NodesFile(parsed(t, "nodes:\n- name: alice\n- {}"))
	if err != nil || !strings.Contains(string(raw), "name: alice") || strings.Contains(string(raw), "node1") || !strings.Contains(string(raw), "http://127.0.0.1:18501") {
		t.Errorf("%v\n%s", err, raw)
	}
}

// Two networks on one machine publish at ports of their own, and nodes.yaml names the same.
func TestComposePublishesWhereTheNetworkSays(t *testing.T) {
	n := parsed(t, "nodes: 2\nportbase: 20000\n")
	compose, err := Compose(n, options())
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := NodesFile(n)
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range []string{"20001", "20003"} {
		if !strings.Contains(string(compose), "127.0.0.1:"+port+":18443") || !strings.Contains(string(nodes), "http://127.0.0.1:"+port) {
			t.Errorf("%s is not where RPC is published:\n%s\n%s", port, compose, nodes)
		}
	}
}
