package bitcoind

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// chainWords are the rows about the chain.
var chainWords = []word{
	{event: "new tip", level: slog.LevelInfo, say: updateTip},
	{event: "block is invalid", level: slog.LevelError, say: invalidBlock},
	{event: "block marked invalid by hand", level: slog.LevelInfo, say: func(f fields) string {
		return f.fill("InvalidateBlock: block={block} height={height}")
	}},
	{event: "the chain is rebuilt",
		say: func(fields) string { return "Reindexing finished" }},
	{event: "what is kept for an index moves back", category: "prune", level: slog.LevelDebug,
		say: func(f fields) string {
			return fmt.Sprintf("%s prune lock moved back to %d", f.text("by"), f.number("height"))
		}},
	{event: "pruning is limited", category: "prune", level: slog.LevelDebug,
		say: func(f fields) string {
			return fmt.Sprintf("%s limited pruning to height %d", f.text("by"), f.number("height"))
		}},
}

// updateTip is the line of a new tip.
func updateTip(f fields) string {
	height, of := f.number("height"), f.number("of")
	progress := 1.0
	if of > height {
		progress = float64(height) / float64(of)
	}
	said := fmt.Sprintf("UpdateTip: new best=%s height=%d version=0x%08x log2_work=%f tx=%d date='%s' progress=%f",
		f.text("hash"), height, uint32(f.number("version")), f["work"].Float64(), f.number("txs"),
		f["time"].Time().Format(time.RFC3339), progress)
	if soon := f.text("warning"); soon != "" {
		said += " warning='" + soon + "'"
	}
	return said
}

// invalidBlock says which rule a block breaks; of scripts, in which transaction.
func invalidBlock(f fields) string {
	if tx := f.text("tx"); tx != "" {
		return fmt.Sprintf("ConnectBlock(): CheckInputScripts on %s failed with %s", tx, f.text("rule"))
	}
	return "AcceptBlock FAILED (" + stateText(f.text("err")) + ")"
}

// stateText writes a broken rule as Core does: the reject word, then what of it.
func stateText(err string) string { return strings.Replace(err, ": ", ", ", 1) }
