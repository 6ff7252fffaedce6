// Package compare measures what this project was founded on: newcomers who
// want one chain from one seed, once as client and server and once as peers, on
// real nodes and in the model.
//
// It makes the chain, starts the newcomers, tells them all at one moment whom to
// ask, and notes when each has the last block, what each gave and took, and how
// often the seed sent the chain. The results stand beside two lower bounds: as many
// copies through the seed's line as there are newcomers, and one copy. It draws
// every run and not the best of several.
//
// It owns the measurement, its table (CSV) and its picture (SVG). It never decides how
// a node syncs: the newcomers are processes as somebody would start them by hand.
//
// Start reading at compare.go, then trial.go.
package compare
