package bitcoind

import "grapevine/cmd/grapevine/args"

// logOptions are the rows about the log.
var logOptions = []option{
	{name: "debuglogfile", arg: "=<file>", title: general,
		help: "Log file, seen from the network's directory; -nodebuglogfile for none (default: debug.log)."},
	{name: "debug", arg: "=<category>", title: debugging,
		help: "Log more of a category; 1 or nothing is all, 0 or none is nothing. May be repeated."},
	{name: "debugexclude", arg: "=<category>", title: debugging,
		help: "Log no more of a category, whatever -debug says. May be repeated."},
	{name: "logips", title: debugging,
		help: "Write addresses of peers into the log (default: 0)."},
	{name: "loglevel", arg: "=<level>|<category>:<level>", title: debugging, debug: true, flags: args.NoNegation | args.NoElision,
		help: "How much of what -debug asks for is logged, in all or of one category: info, debug or trace (default: debug). May be repeated."},
	{name: "loglevelalways", title: debugging,
		help: "Write category and level of every line (default: 0)."},
	{name: "logsourcelocations", title: debugging,
		help: "Write where in the source a line comes from (default: 0)."},
	{name: "logthreadnames", title: debugging,
		help: "Write who logs a line (default: 0)."},
	{name: "logtimemicros", title: debugging, debug: true,
		help: "Times with microseconds (default: 0)."},
	{name: "logtimestamps", title: debugging,
		help: "Write the time of every line (default: 1)."},
	{name: "printtoconsole", title: debugging,
		help: "Write the log to standard output too (default: 1 without -daemon)."},
	{name: "shrinkdebugfile", title: debugging,
		help: "Cut a log file of more than 11 MB at the start (default: 1 without -debug)."},
}
