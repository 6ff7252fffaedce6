// Package shell is what all commands of the command line share: where they
// write, how they fail, how they find the node that is meant, and how flags
// and help look.
//
// The rules are: people read the default output, programs read --json; an
// error is `grapevine: what failed: why` and then a line that says what to do;
// the exit status is 0 done, 1 failed, 2 wrong usage.
//
// It has no command of its own. Start reading at Program, then errors.go.
package shell
