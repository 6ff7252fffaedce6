package bitcoind

// rpcWords are the rows about RPC, REST and ZeroMQ.
var rpcWords = []word{}
