//go:build !libsecp256k1

package script

// fastestCurve is the best that this build has.
func fastestCurve() curve { return pure{} }
