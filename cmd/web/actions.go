package web

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
)

// field is one thing that a form asks for.
type field struct {
	Name, Label string
	Kind        kind
	Default     string
	Optional    bool
	Options     []string // of a choice
}

// kind says what a field takes, and so what may stand on a command line.
type kind string

const (
	aNode   kind = "node"
	aNumber kind = "number"
	anAddr  kind = "address"
	amount  kind = "amount"
	aTxID   kind = "txid"
	aRate   kind = "rate"
	links   kind = "links"
	aName   kind = "name"
	choice  kind = "choice"
	yes     kind = "yes"
	aTime   kind = "time"
)

// shapes are what the text of each kind looks like. None begins with a dash: it would be a flag.
var shapes = map[kind]string{
	aNode:   `[0-9]{1,4}|[a-z][a-z0-9]{0,29}`,
	aNumber: `[0-9]{1,6}`,
	anAddr:  `[0-9A-Za-z]{8,120}`,
	amount:  `[0-9]{1,8}(\.[0-9]{1,8})?`,
	aTxID:   `[0-9a-fA-F]{64}`,
	aRate:   `[0-9]{1,6}(\.[0-9]{1,3})?`,
	links:   `[a-z0-9][a-z0-9,/-]{0,400}`,
	aName:   `[A-Za-z0-9][A-Za-z0-9._-]{0,62}`,
	aTime:   `[0-9]{1,6}(\.[0-9]{1,3})?(ms|s)`,
	yes:     `1`,
}

// wants says in words what a field takes.
var wants = map[kind]string{
	aNode: "a node's number or name", aNumber: "a number", anAddr: "an address", amount: "an amount in BTC, as in 0.25", aTxID: "a txid of 64 hex digits",
	aRate: "a fee rate in sat/vB, as in 5", links: "links as in 0-2, groups as in 0,1/2,3, or all", aName: "a name of letters, digits, dots and dashes", aTime: "a time as in 80ms or 2s",
	choice: "one of what is offered", yes: "a tick or none",
}

// read takes a field out of a form.
func (f field) read(form url.Values) (string, error) {
	v := form.Get(f.Name)
	if v == "" && f.Optional {
		return "", nil
	}
	good := false
	if f.Kind == choice {
		good = slices.Contains(f.Options, v)
	} else {
		good, _ = regexp.MatchString(`^(?:`+shapes[f.Kind]+`)$`, v) // the table's are all good ones
	}
	if !good {
		return "", fmt.Errorf("%s: want %s", f.Label, wants[f.Kind])
	}
	return v, nil
}

// action is a command as a form.
type action struct {
	Name, Title, Help, Button string
	Local                     bool // of a local network alone
	Regtest                   bool
	Later                     bool // the node itself goes down and comes back
	Fields                    []field
	// line is the command: node is the one that it is about ("": none).
	line func(v map[string]string) (args []string, node string)
}

// Fields that several actions have.
func nodeField() field { return field{Name: "node", Label: "Node", Kind: aNode, Default: "0"} }
func rateField() field {
	return field{Name: "feerate", Label: "Fee rate, sat/vB", Kind: aRate, Optional: true}
}
func nameField() field { return field{Name: "name", Label: "Name", Kind: aName, Default: "start"} }
func linkField() field { return field{Name: "links", Label: "Links", Kind: links, Default: "0-1"} }
func oneWay() field    { return field{Name: "oneway", Label: "one way only", Kind: yes, Optional: true} }

// flag is --name=value, or nothing.
func flag(name, value string) []string {
	if value == "" {
		return nil
	}
	return []string{"--" + name + "=" + value}
}

func with(args []string, more ...[]string) []string {
	for _, m := range more {
		args = append(args, m...)
	}
	return args
}

// actions are all forms, in the order of the page.
var actions = []action{
	{Name: "mine", Title: "Mine", Button: "Mine", Regtest: true, Help: "Makes blocks now. A reward can be spent after 100 more.",
		Fields: []field{nodeField(), {Name: "count", Label: "Blocks", Kind: aNumber, Default: "1"}},
		line:   func(v map[string]string) ([]string, string) { return []string{"mine", v["count"]}, v["node"] }},
	{Name: "mining", Title: "Let a node mine by itself", Button: "Set", Local: true, Help: "A block every two seconds, one for each payment, or none.",
		Fields: []field{nodeField(), {Name: "mode", Label: "How", Kind: choice, Options: []string{"every=2s", "every=10s", "on-tx", "off"}}},
		line:   func(v map[string]string) ([]string, string) { return []string{"testnet", "mine", v["mode"]}, v["node"] }},
	{Name: "address", Title: "New address", Button: "Make one", Help: "Of the node's wallet, to be paid at.",
		Fields: []field{nodeField()},
		line:   func(v map[string]string) ([]string, string) { return []string{"wallet", "address"}, v["node"] }},
	{Name: "pay", Title: "Pay", Button: "Pay", Help: "From the node's wallet. The payment waits in the pool until a block takes it.",
		Fields: []field{nodeField(), {Name: "address", Label: "To", Kind: anAddr}, {Name: "amount", Label: "BTC", Kind: amount, Default: "1"}, rateField()},
		line: func(v map[string]string) ([]string, string) {
			return with([]string{"wallet", "send", v["address"], v["amount"]}, flag("feerate", v["feerate"])), v["node"]
		}},
	{Name: "bump", Title: "Bump", Button: "Bump", Help: "Replaces a payment that waits by one that pays a higher fee.",
		Fields: []field{nodeField(), {Name: "txid", Label: "Payment", Kind: aTxID}, rateField()},
		line: func(v map[string]string) ([]string, string) {
			return with([]string{"wallet", "bump", v["txid"]}, flag("feerate", v["feerate"])), v["node"]
		}},
	{Name: "faucet", Title: "Faucet", Button: "Give", Local: true, Help: "Pays any address from the network's money, and mines it.",
		Fields: []field{{Name: "address", Label: "To", Kind: anAddr}, {Name: "amount", Label: "BTC", Kind: amount, Default: "1"}},
		line: func(v map[string]string) ([]string, string) {
			return []string{"testnet", "faucet", v["address"], v["amount"]}, ""
		}},
	{Name: "cut", Title: "Cut", Button: "Cut", Local: true, Help: "No bytes go between these nodes until you heal: 0-2 is one link, 0,1/2,3 two halves.",
		Fields: []field{linkField(), oneWay()},
		line:   func(v map[string]string) ([]string, string) { return cutLine(v["links"], v["oneway"]), "" }},
	{Name: "heal", Title: "Heal", Button: "Heal", Local: true, Help: "Ends all cuts, or those of the links that you name.",
		Fields: []field{{Name: "links", Label: "Links", Kind: links, Default: "all"}},
		line:   func(v map[string]string) ([]string, string) { return []string{"testnet", "heal", v["links"]}, "" }},
	{Name: "slow", Title: "Slow a link", Button: "Slow", Local: true, Help: "Every byte takes so long on its way.",
		Fields: []field{linkField(), {Name: "latency", Label: "Latency", Kind: aTime, Default: "200ms"}, oneWay()},
		line: func(v map[string]string) ([]string, string) {
			return slowLine(v["links"], v["latency"], v["oneway"]), ""
		}},
	{Name: "reorg", Title: "Reorganise", Button: "Undo the last blocks", Local: true, Help: "A longer chain takes the place of the last blocks; their payments wait again.",
		Fields: []field{{Name: "depth", Label: "Blocks to undo", Kind: aNumber, Default: "1"}, {Name: "victim", Label: "Payment to spend otherwise", Kind: aTxID, Optional: true}},
		line: func(v map[string]string) ([]string, string) {
			return with([]string{"testnet", "reorg", v["depth"]}, flag("double-spend", v["victim"])), ""
		}},
	{Name: "add", Title: "Add a newcomer", Button: "Add", Local: true, Help: "A fresh node that knows one address, and fetches the chain from everybody who has some of it.",
		line: func(map[string]string) ([]string, string) { return []string{"testnet", "add"}, "" }},
	{Name: "snapshot", Title: "Snapshot", Button: "Keep", Local: true, Help: "Keeps the whole network as it is now, while it runs. One of the same name is replaced.",
		Fields: []field{nameField()},
		line:   func(v map[string]string) ([]string, string) { return []string{"testnet", "snapshot", v["name"]}, "" }},
	{Name: "restore", Title: "Restore", Button: "Go back", Local: true, Later: true, Help: "Brings the network back to a snapshot. What has happened since is gone.",
		Fields: []field{nameField()},
		line:   func(v map[string]string) ([]string, string) { return []string{"testnet", "restore", v["name"]}, "" }},
	{Name: "link", Local: true, // of the page Network
		Fields: []field{{Name: "a", Label: "Node", Kind: aNode}, {Name: "b", Label: "and node", Kind: aNode}, {Name: "how", Label: "What", Kind: choice, Options: []string{"cut", "heal", "slow", "clear"}},
			{Name: "latency", Label: "Latency", Kind: aTime, Optional: true}, oneWay()},
		line: linkLine},
}

func cutLine(spec, oneway string) []string {
	return with([]string{"testnet", "cut", spec}, tick("one-way", oneway))
}

func slowLine(spec, latency, oneway string) []string {
	return with([]string{"testnet", "link", spec}, flag("latency", latency), tick("one-way", oneway))
}

func tick(name, value string) []string {
	if value == "" {
		return nil
	}
	return []string{"--" + name}
}

func linkLine(v map[string]string) ([]string, string) {
	spec := v["a"] + "-" + v["b"]
	switch v["how"] {
	case "cut":
		return cutLine(spec, v["oneway"]), ""
	case "slow":
		return slowLine(spec, v["latency"], v["oneway"]), ""
	case "clear":
		return with([]string{"testnet", "link", spec, "--clear"}, tick("one-way", v["oneway"])), ""
	}
	return []string{"testnet", "heal", spec}, ""
}

// InputMode is what a phone's keyboard shows for a field.
func (f field) InputMode() string {
	switch f.Kind {
	case aNumber:
		return "numeric"
	case amount, aRate:
		return "decimal"
	}
	return "text"
}

// Size of a field in characters.
func (f field) Size() string {
	switch f.Kind {
	case aTxID, anAddr:
		return "44"
	case links, aName:
		return "16"
	}
	return "8"
}
