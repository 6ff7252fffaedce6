package bitcoind

import (
	"log/slog"
	"strings"
)

// relayWords are the rows about the conversation: headers, blocks and transactions.
var relayWords = []word{
	debugWord("mempoolrej", "transaction refused", "{txid} (wtxid={wtxid}) from peer={peer} was not accepted: {err}"),
	debugWord("mempool", "orphan of refused parents is not kept", "not keeping orphan with rejected parents {txid} (wtxid={wtxid})"),
	debugWord("txpackages", "orphan kept", "stored orphan tx {txid} (wtxid={wtxid}), weight: {weight} (mapsz {orphans})"),
	debugWord("txpackages", "too many orphans", "orphanage overflow, removed {removed} tx"),
	debugWord("txpackages", "orphans of a peer forgotten", "Erased {orphans} orphan transaction(s) from peer={peer}"),
	debugWord("txpackages", "orphans of a block forgotten", "Erased {orphans} orphan transaction(s) included or conflicted by block"),
	{event: "transaction of a forcerelay peer is here", level: slog.LevelInfo, say: func(f fields) string {
		if f.text("relayed") == "true" {
			return f.fill("Force relaying tx {txid} (wtxid={wtxid}) from peer={peer}")
		}
		return f.fill("Not relaying non-mempool transaction {txid} (wtxid={wtxid}) from forcerelay peer={peer}")
	}},
	misbehaving("peer is not punished"),
	netWord("transaction where none is wanted", "transaction sent in violation of protocol peer={peer}"),
	netWord("announcement where none is wanted", "transaction ({hash}) inv sent in violation of protocol, disconnecting peer={peer}"),
	netWord("asked for data", "received getdata for: {first} peer={peer}"),

	netWord("peer stalls the download", "Stall started peer={peer}"),
	netWord("more patience with stalling peers", "Increased stalling timeout temporarily to {seconds} seconds"),
	netWord("less patience with stalling peers", "Decreased stalling timeout to {seconds} seconds"),
	{event: "peer is dropped, for it stalls the download", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("Peer={peer} is stalling block download, disconnecting")
	}},
	{event: "peer is dropped, for a block does not come", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("Timeout downloading block {block} from peer={peer}, disconnecting")
	}},
	debugWord("validation", "block mutated", "Block mutated: {err}"),
	debugWord("validation", "block without a known parent", "ERROR: AcceptBlock FAILED (prev-blk-not-found)"),
	{event: "header refused", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("ERROR: AcceptBlockHeader: {hash}, ") + stateText(f.text("err"))
	}},
	netWord("low-work headers ignored", "Ignoring low-work chain (height={height}) from peer={peer}"),
	netWord("low-work short form ignored", "Ignoring low-work compact block from peer {peer}"),
	debugWord("validation", "low-work header ignored", "AcceptBlockHeader: not adding new block header {hash}, missing anti-dos proof-of-work validation"),
	{event: "headers taken", level: slog.LevelInfo, say: func(f fields) string {
		if f.text("initial") != "true" {
			return ""
		}
		return f.fill("Synchronizing blockheaders, height: {height}")
	}},

	netWord("filters of another type", "peer {peer} requested unsupported block filter type: {type}"),
	netWord("filters up to an unknown block", "peer {peer} requested invalid block hash: {hash}"),
	netWord("filters from behind their end", "peer {peer} sent invalid getcfilters/getcfheaders with start height {start} and stop height {stop}"),
	netWord("too many filters", "peer {peer} requested too many cfilters/cfheaders: {filters} / {most}"),
}

// offences are Core's words for ours.
var offences = map[string]string{
	"no such transaction in the block":        "getblocktxn with out-of-bounds tx indices",
	"getblocktxn beyond the end of the block": "getblocktxn with out-of-bounds tx indices",
	"too-large bloom filter":                  "too-large bloom filter",
	"bad filteradd message":                   "bad filteradd message",
	"wrong parts of a block":                  "invalid compact block/non-matching block transactions",
	"headers do not follow each other":        "non-continuous headers sequence",
	"mutated block":                           "mutated block",
}

// misbehaving is a row for an offence.
func misbehaving(event string) word {
	return word{event: event, category: "net", level: slog.LevelDebug, say: func(f fields) string {
		why, known := offences[f.text("offence")]
		switch {
		case known:
		case strings.HasPrefix(f.text("why"), "high-hash"):
			why = "header with invalid proof of work"
		default:
			why = f.text("why")
		}
		return f.fill("Misbehaving: peer={peer}: ") + why
	}}
}

// debugWord is a row of a category that is logged when that is on.
func debugWord(category, event, sentence string) word {
	return word{event: event, category: category, level: slog.LevelDebug, say: func(f fields) string { return f.fill(sentence) }}
}
