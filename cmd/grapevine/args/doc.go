// Package args reads what Bitcoin Core's programs are told: a command line, a
// bitcoin.conf with its sections and the files it includes, and settings.json,
// merged in Core's order of precedence [common/args.cpp, common/settings.cpp].
//
//	-name=value  --name=value  -name  -noname  -name=0
//
// It knows no option's meaning: who uses it names the options there are.
//
// Start reading at Args.Parse, then Args.ReadConf.
package args
