// Package crypter seals what of a wallet is private: with XChaCha20-Poly1305
// under a random master key, and the master key under a passphrase by argon2id
// (RFC 9106). A new passphrase wraps the same master key anew; what it seals
// stays as it is. It knows nothing of wallets or files, starts no goroutine and
// takes randomness as an argument. Keys are wiped by whoever holds them.
//
// It is a package of its own, though small, because what cannot be seen to be right
// by running it has to be read by itself.
//
// Start reading at crypter.go: Wrap and Unwrap, then Key.Seal and Key.Open.
package crypter
