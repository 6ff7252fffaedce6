package bitcoind

import (
	"bytes"
	"strings"
	"testing"
)

// Core28 are the options of Bitcoin Core 28.1's -help-debug, by name.
const core28 = `? acceptnonstdtxn acceptstalefeeestimates addnode addresstype alertnotify allowignoredconf asmap assumevalid avoidpartialspends bantime bind blockfilterindex
blockmaxweight blockmintxfee blocknotify blockreconstructionextratxn blocksdir blocksonly blocksxor blockversion bytespersigop capturemessages chain changetype checkaddrman
checkblockindex checkblocks checklevel checkmempool checkpoints cjdnsreachable coinstatsindex conf connect consolidatefeerate daemon daemonwait datacarrier datacarriersize datadir
dbbatchsize dbcache debug debugexclude debuglogfile deprecatedrpc disablewallet discardfee discover dns dnsseed dustrelayfee externalip fallbackfee fastprune fixedseeds forcednsseed
help-debug i2pacceptincoming i2psam includeconf incrementalrelayfee keypool limitancestorcount limitancestorsize limitdescendantcount limitdescendantsize listen listenonion loadblock
logips loglevel loglevelalways logsourcelocations logthreadnames logtimemicros logtimestamps maxapsfee maxconnections maxmempool maxorphantx maxreceivebuffer maxsendbuffer maxsigcachesize
maxtipage maxtxfee maxuploadtarget mempoolexpiry mempoolfullrbf minimumchainwork minrelaytxfee mintxfee mocktime networkactive onion onlynet par paytxfee peerblockfilters peerbloomfilters
peertimeout permitbaremultisig persistmempool persistmempoolv1 pid port printpriority printtoconsole proxy proxyrandomize prune regtest reindex reindex-chainstate rest rpcallowip rpcauth
rpcbind rpccookiefile rpccookieperms rpcdoccheck rpcpassword rpcport rpcservertimeout rpcthreads rpcuser rpcwhitelist rpcwhitelistdefault rpcworkqueue seednode server settings
shrinkdebugfile shutdownnotify signer signet signetchallenge signetseednode spendzeroconfchange startupnotify stopafterblockimport stopatheight test testactivationheight testnet testnet4
timeout torcontrol torpassword txconfirmtarget txindex txreconciliation uacomment unsafesqlitesync v2transport vbparams version wallet walletbroadcast walletcrosschain walletdir
walletnotify walletrbf walletrejectlongchains whitebind whitelist whitelistforcerelay whitelistrelay zmqpubhashblock zmqpubhashblockhwm zmqpubhashtx zmqpubhashtxhwm zmqpubrawblock
zmqpubrawblockhwm zmqpubrawtx zmqpubrawtxhwm zmqpubsequence zmqpubsequencehwm`

func TestEveryOptionOfCoreIsThereOnce(t *testing.T) {
	seen := map[string]int{}
	for _, o := range options() {
		seen[o.name]++
		if seen[o.name] > 1 {
			t.Errorf("-%s has two rows", o.name)
		}
		if o.title != hidden && o.help == "" {
			t.Errorf("-%s has no help", o.name)
		}
	}
	for name := range strings.FieldsSeq(core28) {
		if seen[name] == 0 {
			t.Errorf("-%s is missing", name)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for line, wants := range map[string][]string{
		"-version":    {"grapevine version v9"},
		"-help":       {"Usage:  bitcoind [options]", "\nConnection options:\n\n", "\n  -addnode=<ip>\n       Keep a connection", "\n  -zmqpubrawtx=<address>\n", "\n  GRAPEVINE_POLICY=<release>\n       Whose rules of relay hold"},
		"-?":          {"Usage:  bitcoind"},
		"-h":          {"Usage:  bitcoind"},
		"-help-debug": {"\n  -mocktime=<n>\n", "\nWallet debugging/testing options:\n"},
	} {
		var out, errs bytes.Buffer
		status := Run(t.Context(), System{Out: &out, Err: &errs, Home: t.TempDir(), Version: "9"}, []string{"bitcoind", line})
		for _, want := range wants {
			if status != 0 || errs.Len() > 0 || !strings.Contains(out.String(), want) {
				t.Errorf("%s: status %d, stderr %q, no %q in\n%s", line, status, errs.String(), want, out.String())
			}
		}
		for text := range strings.SplitSeq(out.String(), "\n") {
			if len(text) > helpWidth+1 && !strings.HasPrefix(text, "  -") {
				t.Errorf("%s: %d characters: %q", line, len(text), text)
			}
		}
		if line == "-help" && strings.Contains(out.String(), "-mocktime") {
			t.Error("-help shows what is for debugging")
		}
	}
}
