package bitcoind

import (
	"log/slog"
	"strings"
)

// netWords are the rows about connections and relay.
var netWords = []word{
	netWord("dialling", "trying v{transport} connection {addr}"),
	netWord("connection added", "Added connection peer={peer}"),
	{event: "no connection", category: "net", level: slog.LevelDebug, say: func(f fields) string {
		if strings.HasPrefix(f.text("why"), "connection refused due to") { // of I2P's ports
			return f.fill("Error connecting to {addr}, {why}")
		}
		return f.fill("Error connecting to {addr}: {why}")
	}},
	netWord("I2P session begins", "Creating {kind} SAM session with {bridge}"),
	netWord("getaddr repeated", `Ignoring repeated "getaddr". peer={peer}`),
	netWord("getaddr of whom we dialled", `Ignoring "getaddr" from {kind} connection. peer={peer}`),
	netWord("address added", "Added {addr} to {table}[{bucket}][{position}]"),
	{event: "no onion service", category: "tor", level: slog.LevelDebug, say: func(f fields) string { return f.fill("No onion service by {control}: {err}") }},
	{event: "fixed seeds are not used", level: slog.LevelInfo, say: func(fields) string { return "Fixed seeds are disabled" }},
	{event: "fixed seeds are used", level: slog.LevelInfo, say: func(f fields) string {
		why := "-dnsseed=0 (or IPv4/IPv6 connections are disabled via -onlynet) and neither -addnode nor -seednode are provided"
		if f.text("late") == "true" {
			why = "60 seconds have passed and addrman is empty for at least one reachable network"
		}
		return f.fill("Adding fixed seeds as " + why + "\nAdded {added} fixed seeds from reachable networks.")
	}},
	{event: "DNS seeds wait", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("Waiting {seconds} seconds before querying DNS seeds.")
	}},
	{event: "DNS seeds wait for the network", level: slog.LevelInfo, say: func(fields) string {
		return "Waiting for network to be reactivated before querying DNS seeds."
	}},
	{event: "asking a DNS seed", level: slog.LevelInfo, say: func(f fields) string { return f.fill("Loading addresses from DNS seed {seed}") }},
	{event: "DNS seeds were asked", level: slog.LevelInfo, say: func(f fields) string { return f.fill("{addresses} addresses found from DNS seeds") }},
	{event: "DNS seeds are not needed", level: slog.LevelInfo, say: seedsNotNeeded},
	{event: noSeedAnswers, level: slog.LevelInfo, say: func(fields) string { return "" }},
	{event: "seed nodes come before DNS seeds", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("-seednode enabled. Trying the provided seeds for {seconds} seconds before defaulting to the dnsseeds.")
	}},
	{event: "seed nodes have not led to enough peers", level: slog.LevelInfo, say: func(fields) string {
		return "Couldn't connect to enough peers via seed nodes. Handing fetch logic to the DNS seeds."
	}},
	{event: "seed nodes have led to enough peers", level: slog.LevelInfo, say: func(fields) string {
		return "P2P peers available. Finished fetching data from seed nodes."
	}},
	{event: "DNS seeds are spared by seed nodes", level: slog.LevelInfo, say: func(fields) string {
		return "Skipping DNS seeds. Enough peers have been found"
	}},
	{event: "address of ours", level: slog.LevelInfo, say: func(f fields) string { return f.fill("AddLocal({addr},4)") }},
	{event: "map of autonomous systems opened", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill(`Opened asmap file "{file}" ({bytes} bytes) from disk`)
	}},
	{event: "peers are spread by autonomous systems", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("Using asmap version {version} for IP bucketing")
	}},
	{event: "peers are spread by network groups", level: slog.LevelInfo, say: func(fields) string {
		return "Using /16 prefix for IP bucketing"
	}},
	{event: "map of autonomous systems looked at", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("ASMap Health Check: {peers} clearnet peers are mapped to {systems} ASNs with {unmapped} peers being unmapped")
	}},
	{event: "address book is checked", category: "addrman", level: slog.LevelDebug, say: func(f fields) string {
		return f.fill("CheckAddrman: new {new}, tried {tried}, total {total} started")
	}},
	{event: "address book is whole", category: "addrman", level: slog.LevelDebug, say: func(fields) string { return "CheckAddrman: completed" }},
	netWord("addresses added", "Added {added} addresses (of {of}) from {addr}"),
	netWord("old block asked for beyond the upload target", "historical block serving limit reached, disconnect peer={peer}"),
	netWord("pool asked for beyond the upload target", "mempool request with bandwidth limit reached, disconnect peer={peer}"),
	netWord("inbound connection refused", "connection from {addr} dropped ({why})"),
	misbehaving("peer dropped for an offence"),
	misbehaving("offence of a peer that may stay"),
	netWord("peer left", "disconnecting peer={peer}"),
	netWord("message received", "received: {message} ({bytes} bytes) peer={peer}"),
	netWord("message sent", "sending {message} ({bytes} bytes) peer={peer}"),
	{event: "message ignored", category: "net", level: slog.LevelDebug, say: func(f fields) string {
		return f.fill("ProcessMessages({message}, {bytes} bytes): Exception '") + streamText(f.text("err")) + "' caught"
	}},
	netWord("message repeated", "redundant {message} message from peer={peer}"),
	{event: "message before its turn", category: "net", level: slog.LevelDebug, say: func(f fields) string {
		if f.text("awaited") == "version" {
			return f.fill(`non-version message before version handshake. Message "{message}" from peer={peer}`)
		}
		return f.fill(`Unsupported message "{message}" prior to verack from peer={peer}`)
	}},
	netWord("message after the handshake", "{message} received after verack from peer={peer}; disconnecting"),
	netWord("protocol version too old", "peer={peer} using obsolete version {version}; disconnecting"),
	netWord("connected to ourselves", "connected to self at {addr}, disconnecting"),
	netWord("pong that does not fit", "pong peer={peer}: {why}, {expected} expected, {received} received, {bytes} bytes"),
	netWord("wrong magic", "Header error: Wrong MessageStart {got} received, peer={peer}"),
	netWord("message too large", "Header error: Size too large ({message}, {bytes} bytes), peer={peer}"),
	netWord("wrong checksum", "Header error: Wrong checksum ({message}, {bytes} bytes), expected {want} was {got}, peer={peer}"),
	netWord("message without a good name", "Header error: Invalid message type ({name}, {bytes} bytes), peer={peer}"),
	netWord("garbage without an end", "V2 transport error: missing garbage terminator, peer={peer}"),
	netWord("packet too large", "V2 transport error: packet too large ({bytes} bytes), peer={peer}"),
	netWord("packet of another key", "V2 transport error: packet decryption failure ({bytes} bytes), peer={peer}"),
	netWord("packet without a good name", "V2 transport error: invalid message type ({bytes} bytes contents), peer={peer}"),
	netWord("offers too little", "peer={peer} does not offer the expected services ({offered} offered, {expected} expected), disconnecting peer={peer}"),
	netWord("encryption begins", "start sending v2 handshake to peer={peer}"),
	netWord("dialled again without encryption", "retrying with v1 transport protocol for peer={peer}"),
	netWord("unencrypted, of another network", "V2 transport error: V1 peer with wrong MessageStart {magic}, peer={peer}"),
	netWord("feeler done", "feeler connection completed peer={peer}; disconnecting"),
	netWord("addresses asked for have come", "addrfetch connection completed, disconnecting peer={peer}"),
	netWord("addresses asked for did not come", "addrfetch connection timeout, disconnecting peer={peer}"),
	netWord("no message at first", "socket no message in first {within} seconds, {received} {sent} peer={peer}"),
	netWord("reads nothing", "socket sending timeout: {since} peer={peer}"),
	netWord("sends nothing", "socket receive timeout: {since} peer={peer}"),
	netWord("no answer to a ping", "ping timeout: {since} peer={peer}"),
	{event: "no handshake in time", category: "net", level: slog.LevelDebug, say: func(f fields) string {
		if f.number("transport") == 0 {
			return f.fill("V2 handshake timeout peer={peer}")
		}
		return f.fill("version handshake timeout peer={peer}")
	}},
	{event: "listening for peers", level: slog.LevelInfo, say: func(f fields) string { return f.fill("Bound to {addr}") }},
	{event: "network switched", level: slog.LevelInfo, say: func(f fields) string { return f.fill("SetNetworkActive: {on}") }},
}

// noSeedAnswers is a hint at flags that bitcoind has not.
const noSeedAnswers = "no DNS seed has given an address; name a node by --addnode HOST:PORT, or several by --peers LIST"

// seedsNotNeeded ends the search for addresses, before or after some were found.
func seedsNotNeeded(f fields) string {
	if f.number("addresses") == 0 {
		return "P2P peers available. Skipped DNS seeding."
	}
	return f.fill("{addresses} addresses found from DNS seeds\nP2P peers available. Finished DNS seeding.")
}

// netWord is a row of the category net.
func netWord(event, sentence string) word {
	return word{event: event, category: "net", level: slog.LevelDebug, say: func(f fields) string { return f.fill(sentence) }}
}

// fill puts attributes in their places in a sentence, as in "peer={peer}".
func (f fields) fill(sentence string) string {
	pairs := make([]string, 0, 2*len(f))
	for key, v := range f {
		pairs = append(pairs, "{"+key+"}", v.String())
	}
	return strings.NewReplacer(pairs...).Replace(sentence)
}

// streamText says in Core's words why a message cannot be read.
func streamText(err string) string {
	switch {
	case strings.Contains(err, "not in its shortest form"):
		return "non-canonical ReadCompactSize(): iostream error"
	case strings.Contains(err, "ends too early"):
		return "DataStream::read(): end of data: iostream error"
	case strings.Contains(err, "larger than any block's"):
		return "ReadCompactSize(): size too large: iostream error"
	case strings.Contains(err, "no witness there"):
		return "Superfluous witness record: iostream error"
	case strings.Contains(err, "unknown flag"):
		return "Unknown transaction optional data: iostream error"
	}
	return err
}
