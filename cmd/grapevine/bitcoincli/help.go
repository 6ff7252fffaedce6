package bitcoincli

// help is -help.
const help = `grapevine, as Bitcoin Core RPC client version v31.0.0

Usage:  bitcoin-cli [options] <command> [params]
or:     bitcoin-cli [options] -named <command> [name=value]...
or:     bitcoin-cli [options] help [command]

Options:

  -? -help               this text
  -version               the version
  -addrinfo              how many addresses of nodes the node knows, by network
  -color=<when>          always, auto or never (default: auto)
  -conf=<file>           configuration file, seen from the data directory (default: bitcoin.conf)
  -datadir=<dir>         data directory (default: ~/.bitcoin; without a cookie there ~/.grapevine/NETWORK)
  -generate              mine to a new address; may be followed by nblocks and maxtries
  -getinfo               the node on one screen
  -named                 parameters are name=value
  -netinfo               the peers on one screen; may be followed by a level from 0 to 4, or help
  -rpcclienttimeout=<s>  how long an answer may take (default: 900; 0: as long as it wants)
  -rpcconnect=<host[:port]> -rpcport=<port>
                         where the node answers (default: 127.0.0.1 and the network's port)
  -rpccookiefile=<file>  the node's cookie, seen from the network's directory
  -rpcuser=<user> -rpcpassword=<password>
                         who calls
  -rpcwait -rpcwaittimeout=<s>
                         wait for a node to be there (0: for ever)
  -rpcwallet=<name>      the wallet
  -stdin                 more parameters come by standard input, one a line
  -stdinrpcpass          the password comes in the first line of standard input
  -stdinwalletpassphrase the wallet's passphrase comes in the next

Chain selection options:

  -chain=<chain>         main, test, testnet4, signet or regtest (default: main)
  -regtest -signet -testnet -testnet4
                         the same by name
`

// netinfoHelp is -netinfo help.
const netinfoHelp = `-netinfo [level]

The node's peers on one screen, for people; programs had better call getpeerinfo and getnetworkinfo.

  level 0 (default)  how many peers there are by network, and the node's own addresses
        1            the peers before that, a line each
        2            with their addresses
        3            with their versions
        4            with both

  <->      who dialled: in (the peer) or out (the node)
  type     full, block (blocks only), manual (-addnode, -connect), feeler, addr (asked for addresses alone)
  net      ipv4, ipv6, onion, i2p, cjdns, npr (not publicly routable)
  v        version of the transport
  mping    shortest ping, in milliseconds
  ping     last ping, in milliseconds
  send     seconds since something was sent
  recv     seconds since something was received
  txn      minutes since the last new transaction (*: it gets none)
  blk      minutes since the last new block
  hb       compact blocks at once: . we asked for it, * the peer did
  addrp    addresses taken from it (.: none are exchanged)
  addrl    addresses dropped, since there were too many
  age      minutes since it is connected
  asmap    its autonomous system (with -asmap)
  id       its number

Examples:

> bitcoin-cli -netinfo
> bitcoin-cli -netinfo 4
> watch --interval 1 --no-title bitcoin-cli -netinfo 4
`
