package bitcoind

// netWords are the rows about connections and relay.
var netWords = []word{}
