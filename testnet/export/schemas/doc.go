// Package schemas holds what testnet/export writes against the engines' own libraries:
// Compose's loader with its schema (compose-go), and Kubernetes' types, read strictly
// (k8s.io/api). It has tests alone.
package schemas
