// Package neutrino holds grapevine against a light client: neutrino v0.17.1, which
// lnd runs inside itself, takes headers, filter headers and filters from us (BIP157).
//
// It is a module of its own, for neutrino needs other versions of btcd's modules than
// btcd itself does. It has tests only; `make interop` runs them.
package neutrino
