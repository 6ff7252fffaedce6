// Package wallet holds the words of the wallet and its pure parts: keys and
// addresses (BIP39, BIP32, BIP44, BIP49, BIP84, BIP86), amounts as people write them. The
// folders below choose coins, build and sign.
//
// Nothing here reads a clock, a disk or a source of chance of its own, and
// nothing starts a goroutine. Package wallet/state is what one wallet
// knows; wallet/service guards it, owns its file, and follows the chain.
//
// Habits are the wallet's options for fees and coins in one value: -fallbackfee, -paytxfee,
// -maxtxfee, -avoidpartialspends and their like.
//
// Start reading at words.go, then address.go (the one reader of addresses), then
// packages spend (how a payment is built), coinselect, state and service.
package wallet
