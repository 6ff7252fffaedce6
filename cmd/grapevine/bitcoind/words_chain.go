package bitcoind

import (
	"fmt"
	"log/slog"
)

// chainWords are the rows about the chain.
var chainWords = []word{
	{event: "the chain is rebuilt",
		say: func(fields) string { return "Reindexing finished" }},
	{event: "pruning is limited", category: "prune", level: slog.LevelDebug,
		say: func(f fields) string {
			return fmt.Sprintf("%s limited pruning to height %d", f.text("by"), f.number("height"))
		}},
}
