// Package bitcoincli is grapevine under the name bitcoin-cli: scripts and
// programs that run Bitcoin Core's command find its flags, its output and its
// exit statuses (the absolute value of the RPC error's code).
//
//	ln -s grapevine bitcoin-cli; ./bitcoin-cli -regtest getblockcount
//
// It knows bitcoin-cli's manner and no method of its own, and reads neither
// GRAPEVINE_ variables nor grapevine.conf.
//
// Start reading at Run.
package bitcoincli
