package bitcoind

// chainWords are the rows about the chain.
var chainWords = []word{}
