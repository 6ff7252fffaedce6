package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"cmp"
	"fmt"
	"slices"

	"grapevine/cmd/grapevine/args"
	"grapevine/cmd/node"
)

// option is one of bitcoind's options. A row has one of set, refuse and idle;
// what is read together with others, or by the program itself, has set: elsewhere. One
// that has none is accepted, changes nothing, and the log says so.
type option struct {
	name  string // without dashes
	arg   string // as -help shows it: "=<n>"
	title title
	help  string
	debug bool // in -help-debug alone
	flags args.Flags

	// set turns the option's values into settings. It is called when the option
	// was given, in the order of the rows.
	set func(*setup) error
	// refuse says why the option cannot be had; switched off (-noX, -X=0) it is fine.
	refuse string
	// idle says why the option changes nothing here.
	idle string
}

// title is a heading of -help.
type title string

// The headings in their order.
const (
	general       title = "Options:"
	connection    title = "Connection options:"
	walletTitle   title = "Wallet options:"
	walletDebug   title = "Wallet debugging/testing options:"
	zeroMQ        title = "ZeroMQ notification options:"
	debugging     title = "Debugging/Testing options:"
	chainTitle    title = "Chain selection options:"
	relay         title = "Node relay options:"
	blockCreation title = "Block creation options:"
	rpcServer     title = "RPC server options:"
	hidden        title = "" // accepted, and not shown
)

// titles in the order of -help.
func titles() []title {
	return []title{general, connection, walletTitle, walletDebug, zeroMQ, debugging, chainTitle, relay, blockCreation, rpcServer}
}

// options are all rows [SetupServerArgs].
func options() []option {
	return slices.Concat(programOptions, logOptions, chainOptions, poolOptions, relayOptions, netOptions, rpcOptions, walletOptions)
}

// known are the options' names for who reads a command line.
func known() map[string]args.Flags {
	names := map[string]args.Flags{}
	for _, o := range options() {
		names[o.name] = o.flags
	}
	return names
}

// setup is what rows work on.
type setup struct {
	*args.Args
	chain string // Core's name: main, test, testnet4, signet, regtest
	cfg   *node.Config
	log   *logSwitch
	warn  func(text string) // tells a warning on stderr and in the log
	late  error             // the first that later was called with
}

// later keeps an error until the log is open: Core finds it when its own is
// [AppInitMain], so that the log tells it too, and others first.
func (s *setup) later(err error) { s.late = cmp.Or(s.late, err) }

// apply runs the rows of the options that were given.
func (s *setup) apply() error {
	for _, o := range options() {
		switch {
		case !s.Has(o.name):
		case o.refuse != "" && !s.off(o.name):
			return fmt.Errorf("-%s is not supported: %s", o.name, o.refuse)
		case o.title == walletTitle && s.Bool("disablewallet", false): // nobody reads it
		case o.set != nil:
			if err := o.set(s); err != nil {
				return err
			}
		case o.idle == "" && !s.off(o.name):
			s.Notes = append(s.Notes, fmt.Sprintf("Warning: -%s changes nothing in this version", o.name))
		}
	}
	return s.together()
}

// off says whether an option was switched off, by -noX, -X=0 or an empty list.
func (s *setup) off(name string) bool { return s.Negated(name) || s.String(name, "") == "0" }
