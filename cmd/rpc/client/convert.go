package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// jsonParams lists, for each method, the positions of parameters that are not
// text, as bitcoin-cli's table does (src/rpc/client.cpp, vRPCConvertParams); a
// name behind the position is what -named style calls it.
const jsonParams = `
addnode 2:v2transport
combinerawtransaction 0:txs
createrawtransaction 0:inputs 1:outputs 2:locktime 3:replaceable
createwallet 1:disable_private_keys 2:blank 4:avoid_reuse 5:descriptors 6:load_on_startup 7:external_signer
decoderawtransaction 1:iswitness
disconnectnode 1:nodeid
estimatesmartfee 0:conf_target
fundrawtransaction 1:options 2:iswitness
generateblock 1:transactions 2:submit
generatetoaddress 0:nblocks 2:maxtries
getbalance 1:minconf 2:include_watchonly 3:avoid_reuse
getblock 1:verbosity 1:verbose
getblockhash 0:height
getblockheader 1:verbose
getblockstats 0:hash_or_height 1:stats
getblocktemplate 0:template_request
importmempool 1:options
getmempoolancestors 1:verbose
getmempooldescendants 1:verbose
getnodeaddresses 0:count
getrawmempool 0:verbose 1:mempool_sequence
getrawtransaction 1:verbosity 1:verbose
getreceivedbyaddress 1:minconf
gettransaction 1:include_watchonly 2:verbose
gettxout 1:n 2:include_mempool
gettxoutsetinfo 1:hash_or_height 2:use_index
gettxspendingprevout 0:outputs
getnetworkhashps 0:nblocks 1:height
importdescriptors 0:requests
listdescriptors 0:private
listsinceblock 1:target_confirmations 2:include_watchonly 3:include_removed
listtransactions 1:count 2:skip 3:include_watchonly
listunspent 0:minconf 1:maxconf 2:addresses 3:include_unsafe 4:query_options
loadwallet 1:load_on_startup
lockunspent 0:unlock 1:transactions 2:persistent
logging 0:include 1:exclude
sendmany 1:amounts 2:minconf 4:subtractfeefrom 5:replaceable 6:conf_target 8:fee_rate
sendrawtransaction 1:maxfeerate 2:maxburnamount
sendtoaddress 1:amount 4:subtractfeefromamount 5:replaceable 6:conf_target 8:avoid_reuse 9:fee_rate 10:verbose
setban 2:bantime 3:absolute
setmocktime 0:timestamp
setnetworkactive 0:state
signrawtransactionwithkey 1:privkeys 2:prevtxs
signrawtransactionwithwallet 1:prevtxs
submitpackage 0:package 1:maxfeerate 2:maxburnamount
testmempoolaccept 0:rawtxs 1:maxfeerate
unloadwallet 1:load_on_startup
verifychain 0:checklevel 1:nblocks
waitforblock 1:timeout
waitforblockheight 0:height 1:timeout
waitfornewblock 0:timeout
wallethistory 0:count 1:skip
`

// textOrJSON are the parameters that bitcoin-cli sends as JSON when they parse
// as JSON and as text otherwise.
func textOrJSON(method string, name string) bool {
	return method == "getblockstats" && name == "hash_or_height" ||
		method == "gettxoutsetinfo" && name == "hash_or_height" ||
		method == "addconnection"
}

// Convert turns the words of a command line into parameters by position: those
// the table names are read as JSON, the others are text.
func Convert(method string, words []string) ([]any, error) {
	params := make([]any, len(words))
	for i, word := range words {
		v, err := convert(method, strconv.Itoa(i), word)
		if err != nil {
			return nil, err
		}
		params[i] = v
	}
	return params, nil
}

// ConvertNamed turns words of the form name=value into parameters by name;
// words without = go by position, under "args", as with bitcoin-cli -named.
func ConvertNamed(method string, words []string) (map[string]any, error) {
	params := map[string]any{}
	var args []any
	for _, word := range words {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			v, err := convert(method, strconv.Itoa(len(args)), word)
			if err != nil {
				return nil, err
			}
			args = append(args, v)
			continue
		}
		v, err := convert(method, name, value)
		if err != nil {
			return nil, err
		}
		params[name] = v
	}
	if args != nil {
		params["args"] = args
	}
	return params, nil
}

func convert(method, at, word string) (any, error) {
	name, ok := lookup(method, at)
	if !ok {
		return word, nil
	}
	if json.Valid([]byte(word)) {
		return json.RawMessage(word), nil
	}
	if textOrJSON(method, name) {
		return word, nil
	}
	return nil, fmt.Errorf("%s: parameter %s: not JSON: %s", method, name, word)
}

// lookup finds a parameter of the table by position or name.
func lookup(method, at string) (name string, ok bool) {
	for line := range strings.Lines(jsonParams) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != method {
			continue
		}
		i := slices.IndexFunc(fields[1:], func(f string) bool {
			pos, name, _ := strings.Cut(f, ":")
			return at == pos || at == name
		})
		if i < 0 {
			return "", false
		}
		_, name, _ = strings.Cut(fields[1+i], ":")
		return name, true
	}
	return "", false
}
