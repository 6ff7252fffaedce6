package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"

	"grapevine/cmd/node"
	"grapevine/cmd/rpc/client"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/db"
	"grapevine/testnet"
	"grapevine/testnet/process"
)

// hintNodes names the nodes of the local network that could have been meant,
// when none answers where the line points.
func (p *Program) hintNodes(err error) string {
	noCookie := errors.Is(err, fs.ErrNotExist) && strings.Contains(err.Error(), ".cookie")
	if !noCookie && !errors.Is(err, syscall.ECONNREFUSED) {
		return ""
	}
	f, err := process.ReadFile(p.net)
	if err != nil {
		return ""
	}
	var up []string
	for _, m := range f.Nodes {
		if m.PID != 0 {
			up = append(up, fmt.Sprint(m.Node))
		}
	}
	switch len(up) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("A node of the local network is up: `%s` means it.", p.Advice("--node "+up[0]))
	}
	last := len(up) - 1
	return fmt.Sprintf("%d nodes of the local network are up: `%s` to %s says which one is meant.", len(up), p.Advice("--node "+up[0]), up[last])
}

// HintFor is what to do about an error, whoever it comes from.
func HintFor(err error) string {
	if l, ok := errors.AsType[*node.ListenError](err); ok {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Sprintf("Another program listens there. Choose another address with %s HOST:PORT, or stop that program.", l.Flag)
		}
		return fmt.Sprintf("Choose another address with %s HOST:PORT.", l.Flag)
	}
	if h, ok := errors.AsType[*testnet.HangError](err); ok {
		return hintForHang(h.Node)
	}
	switch {
	case errors.Is(err, db.ErrLocked):
		return "A grapevine node is running on that data directory. Stop it (`grapevine rpc stop --datadir DIR`) or choose another one with --datadir."
	case errors.Is(err, db.ErrCorrupt):
		return hintForDamage(err)
	case ofDisk(err, "no space left on device", "not enough space on the disk"):
		return "The disk is full. Make room and start again: what was acknowledged is on disk."
	case ofDisk(err, "input/output error"):
		return "The disk fails: the system's log says more. Start again only on a sound disk, and let `grapevine db check` look at the file first."
	case errors.Is(err, db.ErrSchema):
		return "The file belongs to another --network or another version of grapevine. Use that one, or choose another --datadir."
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return "The node must be able to write there; --datadir DIR chooses another directory."
	case errors.Is(err, testnet.ErrNoNet):
		return "`grapevine testnet up` starts one."
	case errors.Is(err, testnet.ErrDamaged):
		return "The nodes' data lies in the folders beside it. Put a copy of net.json in its place (each snapshot has one, in snapshots/NAME), or remove the whole folder."
	case errors.Is(err, testnet.ErrBusy):
		return "Wait until that command is done. `grapevine testnet status` shows how far it is."
	case errors.Is(err, testnet.ErrNoNode), errors.Is(err, testnet.ErrUp), errors.Is(err, testnet.ErrDown):
		return "`grapevine testnet status` shows which nodes there are."
	case errors.Is(err, client.ErrUnauthorized):
		return "Give the node's --rpcuser and --rpcpassword, or its --datadir so that its cookie is used."
	case IsMkdir(err):
		return "No folder can be made there; --datadir DIR chooses another one."
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return "Start a node with `grapevine node`, or a whole network with `grapevine testnet up`; then --datadir DIR, --node N or --rpc URL says which one is meant."
	}
	if e, ok := errors.AsType[*client.Error](err); ok {
		return hintForRefusal(e)
	}
	return ""
}

// hintForHang is what to do about a node that hangs. What was begun with it the next command ends. Who
// tries again while it lives may have paid twice.
func hintForHang(m testnet.Member) string {
	const mayDo = "What it was asked it may do yet, once it goes on"
	if m.PID < 0 {
		return mayDo + ": look at it where it runs before you try again."
	}
	return fmt.Sprintf("%s. `grapevine testnet kill %d` ends it, and `grapevine testnet start %d` starts it again.", mayDo, m.Node, m.Node)
}

// IsMkdir is whether a folder could not be made.
func IsMkdir(err error) bool {
	there, ok := errors.AsType[*fs.PathError](err)
	return ok && there.Op == "mkdir"
}

// ofDisk tells whether the disk is at fault, by the system's own words: a node's answer has nothing
// else of its error, and each system numbers them in its own way.
func ofDisk(err error, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(err.Error(), w) })
}

// ReplaceChain is what to do when chain.db is damaged.
const ReplaceChain = "If you have a copy (`grapevine db backup`), put it in chain.db's place; or move chain.db away, and the node fetches the chain again from its peers. wallet.db is a file of its own and not touched."

// hintForDamage is what to do about a damaged file. The chain is to be had
// again; keys are not.
func hintForDamage(err error) string {
	if f, ok := errors.AsType[*node.FileError](err); ok && f.Name == "wallet.db" {
		return "wallet.db holds the wallet's keys: keep the damaged file. Put a copy in its place (`grapevine wallet backup FILE` made it); or move it aside, start the node and make the wallet again from its words (`grapevine wallet restore`)."
	}
	return "`grapevine db check --datadir DIR` says what is wrong. " + ReplaceChain
}

// wholeTx is what a transaction on the line must be.
const wholeTx = "It must be the whole transaction in hex, as `grapevine rpc getrawtransaction TXID` prints it."

// refusals: what to do about a node's refusal, by the cause that its text names.
// The first that fits counts; a cause that is not here has no advice, which is
// better than one that belongs to another.
var refusals = []struct {
	code   jsonrpc.Code
	says   string // a part of the text, in small letters; "" is any
	advice string
}{
	{jsonrpc.CodeMethodNotFound, "", "`grapevine rpc help` lists the methods."},
	{jsonrpc.CodeInvalidAddress, "bip39", "Twelve or twenty-four words, each spelt as it was shown and in that order."},
	{jsonrpc.CodeInvalidAddress, "it is an address of", "Each network has addresses of its own: ask who is to be paid for one of this network. `grapevine status` says which network the node is on."},
	{jsonrpc.CodeInvalidAddress, "address", "Compare it with what you were given: one letter is enough. `grapevine wallet address` makes one of the node's own."},
	{jsonrpc.CodeInvalidAddress, "transaction", "It is in no block and not in the pool of this node. `grapevine wallet history` shows the wallet's own."},
	{jsonrpc.CodeInvalidAddress, "block", "The node knows no block of that hash. `grapevine status` shows its newest."},
	{jsonrpc.CodeInvalidParam, "out of range", "`grapevine status` says how high the chain is."},
	{jsonrpc.CodeDeserialization, "make sure the tx has", wholeTx},
	{jsonrpc.CodeDeserialization, "tx decode failed ", "It must be a whole PSBT in base64, as `grapevine psbt create` prints it."},
	{jsonrpc.CodeDeserialization, "tx decode failed", wholeTx},
	{jsonrpc.CodeDeserialization, "the psbt contradicts", "Whoever made it is wrong or lies about the coins: sign none of it, and ask for another. `grapevine psbt show` says what it would pay."},
	{jsonrpc.CodeWalletNotFound, "requested wallet", "`grapevine wallet list` shows which there are, `grapevine wallet load NAME` takes one into use."},
	{jsonrpc.CodeWalletNotFound, "path does not exist", "`grapevine wallet list` shows which there are, `grapevine wallet create NAME` makes one."},
	{jsonrpc.CodeWalletNotFound, "not in recognized format", "What lies there is no wallet. `grapevine wallet list` shows which there are."},
	{jsonrpc.CodeWalletNotFound, "", "`grapevine wallet create` makes a wallet. (A node started with --wallet=false has none.)"},
	{jsonrpc.CodeWhichWallet, "", "Several are in use: --wallet NAME says which is meant, or `grapevine wallet use NAME` once for all. `grapevine wallet list` shows them."},
	{jsonrpc.CodeWalletLoaded, "", "`grapevine wallet use NAME` means it from now on."},
	{jsonrpc.CodeWallet, "database already exists", "There is a wallet of that name: `grapevine wallet load NAME` takes it into use."},
	{jsonrpc.CodeWalletUnlock, "", "`grapevine wallet unlock` lets it sign for a while."},
	{jsonrpc.CodeWarmUp, "", "The node is starting: try again in a moment."},
}

// hintForRefusal is what to do about a node's refusal.
func hintForRefusal(e *client.Error) string {
	text := strings.ToLower(e.Message)
	if code := jsonrpc.Code(e.Code); code == jsonrpc.CodeInsufficient || code == jsonrpc.CodeWallet { // the other is that of `psbt create` and `--all`
		if advice := hintForFunds(text); advice != "" {
			return advice
		}
	}
	for _, r := range refusals {
		if jsonrpc.Code(e.Code) == r.code && strings.Contains(text, r.says) {
			return r.advice
		}
	}
	return ""
}

// hintForFunds says what would make the money good: the refusal tells what is
// there, and in which state.
func hintForFunds(text string) string {
	has := func(what string) bool {
		before, _, found := strings.Cut(text, " btc "+what)
		return found && strings.Trim(before[strings.LastIndexByte(before, ' ')+1:], "0.") != ""
	}
	switch {
	case strings.Contains(text, "amount too small"):
		return "So small a coin costs more to spend than it is worth [dust]: send a larger amount."
	case strings.Contains(text, "chain of transactions that will be rejected by the mempool"), // coinselect.ErrChain, ErrCluster
		strings.Contains(text, "enormous cluster of unconfirmed transactions"):
		return "Payments that wait for a block hang on one another, as many as nodes relay: the next block frees them. On regtest `grapevine mine 1` makes it."
	case strings.Contains(text, "total value of utxo pool too low"):
		return "No coin can be spent now: `grapevine wallet balance` says what waits for a block."
	case !strings.Contains(text, "insufficient funds"):
		return ""
	case has("unconfirmed"):
		return "Some of it waits for a block: it can be spent when it is in one. On regtest `grapevine mine 1` makes it."
	case has("of it locked"):
		return "Coins that are locked, or that a payment under way takes, are not spent twice: `grapevine rpc listlockunspent` shows the locked ones."
	case has("immature"):
		return "A mined reward can be spent when 100 more blocks stand on its own: `grapevine wallet balance` says how many are missing."
	}
	return "`grapevine wallet address` makes an address to be paid at; on regtest `grapevine mine 101` makes 50 BTC that can be spent at once."
}
