// Package picture draws how news spread through a simulated network, as SVG.
// It measures nothing: the numbers are model's. Start reading at svg.go: SVG.
package picture
