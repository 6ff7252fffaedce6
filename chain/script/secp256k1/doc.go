// Package secp256k1 multiplies points of Bitcoin's curve for who verifies
// signatures: u1·G + u2·Q, as fast as Go allows.
//
// It knows public data only: its time depends on its arguments, so that no
// private key may ever come here. Whoever makes keys or signs uses btcec.
//
// The field is four words of 64 bits (field.go), points are Jacobian (point.go),
// and the sum of two multiples is computed in one pass over the digits of both
// numbers (multiply.go). Scalars are btcec's.
//
// Start reading at Affine.Sum.
package secp256k1
