package bitcoind

import "log/slog"

// poolWords are the rows about the pool and blocks of our own.
var poolWords = []word{
	debugWord("mempool", "pool was full", "Removed {removed} txn, rolling minimum fee bumped to {rate}"),
	debugWord("mempool", "transactions waited too long", "Expired {removed} transactions from the memory pool"),
	debugWord("mempool", "own transaction left before anybody asked for it",
		"Removed {txid} from set of unbroadcast txns before confirmation that txn was sent out"),
	debugWord("mempool", "own transaction was asked for", "Removed {txid} from set of unbroadcast txns"),
	infoWord("transaction prioritised", prioritised),
	infoWord("transaction chosen for a block", func(f fields) string { return f.fill("fee rate {rate} txid {txid}") }),
	infoWord("pool loaded", func(f fields) string {
		return f.fill("Imported mempool transactions from file: {taken} succeeded, {refused} failed, {expired} expired, {present} already there, {waiting} waiting for initial broadcast")
	}),
	infoWord("pool saved", func(f fields) string {
		return f.fill("Dumped mempool: {txs} transactions, {bytes} bytes dumped to file")
	}),
	infoWord("no fee estimates are kept yet", func(f fields) string { return f.fill("{file} is not found. Continue anyway.") }),
	infoWord("fee estimates are too old", func(f fields) string {
		return f.fill("Fee estimation file {file} too old (age={hours} > {most} hours) and will not be used to avoid serving stale estimates.")
	}),
	infoWord("fee estimates cannot be read; the node goes on without", func(f fields) string {
		return f.fill("Failed to read fee estimates from {file}. Continue anyway.")
	}),
	infoWord("fee estimates cannot be written", func(f fields) string {
		return f.fill("Failed to write fee estimates to {file}. Continue anyway.")
	}),
	infoWord("fee estimates saved", func(f fields) string { return f.fill("Flushed fee estimates to {file}.") }),
}

func prioritised(f fields) string {
	in := "not "
	if f.text("pooled") == "true" {
		in = ""
	}
	if f.text("delta") == "0.00" {
		return f.fill("PrioritiseTransaction: {txid} (" + in + "in mempool) delta cleared")
	}
	return f.fill("PrioritiseTransaction: {txid} (" + in + "in mempool) fee += {more}, new delta={delta}")
}

// infoWord is a row of what is always logged.
func infoWord(event string, say func(fields) string) word {
	return word{event: event, level: slog.LevelInfo, say: say}
}
