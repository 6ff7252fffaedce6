// Package config reads network.yaml: which nodes a network has, how they differ, how
// they are linked, what money they have and who mines. The same file describes local
// processes, the simulator's run and what is exported for an engine elsewhere.
//
// It owns the file's words and what is wrong with them: each error names line and
// column, what stands there and what could. It starts nothing.
//
// Start reading at config.go; walk.go finds the place of each fault.
package config
