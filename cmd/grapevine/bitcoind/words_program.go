package bitcoind

import "log/slog"

// said is an event whose text is Core's already: what this package itself logs.
const said = "bitcoind"

// programWords are the rows about start and stop.
var programWords = []word{
	{event: said, level: slog.LevelInfo, say: same},
}
