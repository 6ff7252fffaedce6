package bitcoind

import (
	"log/slog"
	"slices"
)

// word is a row of the table from our events to Core's sentences.
type word struct {
	event    string // our message, word for word
	category string // Core's; "" for what is always logged
	level    slog.Level
	// say writes Core's sentence from the event's attributes; "" logs nothing.
	say func(fields) string
}

// fields are an event's attributes.
type fields map[string]slog.Value

// text is an attribute as text; "" when it is not there.
func (f fields) text(key string) string {
	v, ok := f[key]
	if !ok {
		return ""
	}
	return v.String()
}

// number is an attribute as a whole number.
func (f fields) number(key string) int64 {
	switch v := f[key]; v.Kind() {
	case slog.KindInt64:
		return v.Int64()
	case slog.KindUint64:
		return int64(v.Uint64())
	}
	return 0
}

// words are all rows by their event.
func words() map[string]word {
	table := map[string]word{}
	for _, w := range slices.Concat(programWords, chainWords, poolWords, netWords, relayWords, rpcWords) {
		table[w.event] = w
	}
	return table
}

// same is a row that says what our event says.
func same(f fields) string { return f.text("text") }
