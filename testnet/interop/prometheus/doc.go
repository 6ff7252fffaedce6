// Package prometheus holds what a node tells Prometheus, and what docs/ asks of it, against Prometheus itself:
// its parser reads /metrics, the alerts and each query of the dashboard, its linter finds names that break its
// conventions, and what a query selects must be there with the labels that it names.
//
// It is a module of its own, for Prometheus' modules are nothing that grapevine needs. It has tests only; `make
// exports` runs them.
package prometheus
