package bitcoind

import "log/slog"

// rpcWords are the rows about RPC, REST and ZeroMQ.
var rpcWords = []word{
	{event: "wrong RPC password", level: slog.LevelInfo, say: func(f fields) string {
		return "ThreadRPCServer incorrect password attempt from " + f.text("from")
	}},
	{event: "an RPC call", category: "rpc", level: slog.LevelDebug, say: func(f fields) string {
		return "ThreadRPCServer method=" + f.text("method") + " user=" + f.text("user")
	}},
	{event: "an RPC user may not call this", level: slog.LevelInfo, say: func(f fields) string {
		if f.text("method") == "" {
			return "RPC User " + f.text("user") + " not allowed to call any methods"
		}
		return "RPC User " + f.text("user") + " not allowed to call method " + f.text("method")
	}},
	{event: "an RPC request was refused: as many wait as may wait", level: slog.LevelWarn, say: func(fields) string {
		return "request rejected because http work queue depth exceeded, it can be increased with the -rpcworkqueue= setting"
	}},
	{event: "an HTTP request was refused: its address may not ask", category: "http", level: slog.LevelDebug, say: func(f fields) string {
		return "HTTP request from " + f.text("from") + " rejected: Client network is not allowed RPC access"
	}},
	{event: "RPC listens", level: slog.LevelInfo, say: func(f fields) string { return "Binding RPC on address " + f.text("addr") }},
	{event: "RPC cannot listen at an address", level: slog.LevelWarn, say: func(f fields) string {
		return "Binding RPC on address " + f.text("addr") + " failed."
	}},
}
