// Package spread reckons how news reached the nodes: from when each of them had
// a thing to the curve of all things. It knows nothing of networks. Start
// reading at spread.go: Of.
package spread
