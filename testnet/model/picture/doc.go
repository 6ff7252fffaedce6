// Package picture draws how news spread through a simulated network, as SVG.
// It measures nothing: the numbers are model's. It is a package of its own, though
// small, because drawing is no part of a simulation. Start reading at svg.go: SVG.
package picture
