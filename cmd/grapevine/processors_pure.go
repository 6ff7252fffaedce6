//go:build !libsecp256k1

package main

// tuneProcessors leaves them as Go has them: nothing here calls C.
func tuneProcessors() {}
