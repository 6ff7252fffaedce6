// Package term writes for people: colours when somebody can see them, tables
// whose columns line up, progress bars that turn into plain lines in a log,
// and numbers in units one can read.
//
// The rules are: colour and redrawing only on a terminal; NO_COLOR and
// TERM=dumb switch colour off; what is written to a pipe has no escape codes.
// It knows nothing of nodes.
//
// Start reading at Out.
package term
