// Package cli is how a command line behaves: how arguments, environment and
// grapevine.conf are read (Parse), where commands write and how tables, bars and
// the log look (Out), how they fail (Failure), and how they find the node that
// is meant (Program.Dial).
//
// The rules are: people read the default output, programs read --json; an
// error is `grapevine: what failed: why` and then a line that says what to do;
// the exit status is 0 done, 1 failed, 2 wrong usage.
//
// It has no command of its own: the library that runs them is urfave's cli,
// imported as urfave. Start reading at Program, then errors.go and line.go.
package cli
