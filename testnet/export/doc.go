// Package export writes a network (testnet/config) as manifests for an engine that
// exists: Docker Compose or Kubernetes. grapevine has no scheduler of its own.
//
// Every node is the same image with a configuration file of its own. First contact is by
// DNS: a node is told of the first one's name. RPC's password comes from
// outside and stands in no manifest.
//
// It is a pure function from a network to text. It starts nothing and reads no file. What
// it writes is held against the engines' own schemas by the module testnet/export/schemas.
//
// It is a package of its own, though small, because nothing else needs to know these engines'
// words.
//
// Start reading at export.go.
package export
