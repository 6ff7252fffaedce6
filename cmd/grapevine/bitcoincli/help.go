package bitcoincli

// help is -help: what of bitcoin-cli's flags means something here.
const help = `Usage:  bitcoin-cli [options] <method> [params]
or:     bitcoin-cli [options] -named <method> [name=value]...
or:     bitcoin-cli [options] help [method]

Options:
  -? -help               this text
  -version               the version
  -addrinfo              how many addresses of nodes the node knows
  -generate              mine to a new address; may be followed by nblocks and maxtries
  -getinfo               the node on one screen
  -named                 parameters are name=value
  -regtest -signet -testnet4 -chain=<chain>
                         the network, for the port and the cookie (default: regtest)
  -datadir=<dir>         where the node keeps its cookie
  -conf=<file>           must be there; it is not read
  -rpcconnect=<host[:port]> -rpcport=<port>
                         where the node answers (default: 127.0.0.1 and the network's port)
  -rpccookiefile=<file>  the node's cookie
  -rpcuser=<user> -rpcpassword=<password> -stdinrpcpass
                         who calls; the password may come in the first line of standard input
  -rpcclienttimeout=<s>  how long an answer may take (default: 900; 0: as long as it wants)
  -rpcwait -rpcwaittimeout=<s>
                         wait for a node to be there (0: for ever)
  -rpcwallet=<name>      the wallet
  -stdin                 more parameters come by standard input, one a line
`
