// Package argv reads what people write: argument lists in any order, and the
// configuration file.
//
// cli/v2 stops parsing flags at the first argument, silently, and knows global
// flags only before the command. Parse puts an argument list into the order
// that cli/v2 understands, and refuses what nobody expects. ReadConf reads
// grapevine.conf, and Line.Apply lets it speak where the line is silent.
//
// It never runs anything and never looks at values: whether a number is one is
// the flag's own business.
//
// Start reading at Parse.
package argv
