package bitcoind

// poolWords are the rows about the pool.
var poolWords = []word{}
