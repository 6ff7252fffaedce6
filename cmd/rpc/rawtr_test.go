package rpc_test

import (
	"testing"

	"grapevine/wallet/descriptor"
)

// A wallet that has a key signs for the taproot output that is the key itself, though it
// watches another script of that key.
func TestAKeySignsForTheOutputThatItIs(t *testing.T) {
	const (
		tprv = "tprv8ZgxMBicQKsPerQj6m35no46amfKQdjY7AhLnmatHYXs8S4MTgeZYkWAn4edSGwwL3vkSiiGqSZQrmy5D3P5gBoqgvYP2fCUpBwbKTMTAkL"
		tpub = "tpubD6NzVbkrYhZ4YKSWzQhgCCiD9oBFZxvSgUJ85HdBhpLFxvK865U9jF82xCoBAn9nwNZ4uwX7ZKhZbh2iZRPa5s3UHXg3v7d1srFY44SFJVt"
	)
	w := rich(t)
	w.must("createwallet", "watching", true)
	w.must("createwallet", "keys", false, true)
	watching, keys := w.of("watching"), w.of("keys")
	output := descriptor.WithChecksum("rawtr(" + tpub + "/7)")
	watching.must("importdescriptors", []any{map[string]any{"desc": output, "timestamp": "now"}})
	keys.must("importdescriptors", []any{map[string]any{"desc": descriptor.WithChecksum("wpkh(" + tprv + "/*)"), "timestamp": "now", "range": 9}})
	w.must("sendtoaddress", w.list("deriveaddresses", output)[0], 1)
	w.must("generatetoaddress", 1, stranger)
	made := watching.object("walletcreatefundedpsbt", []any{}, []any{map[string]any{stranger: 1}}, 0, map[string]any{"subtractFeeFromOutputs": []int{0}})
	if done := keys.object("walletprocesspsbt", made["psbt"]); done["complete"] != true {
		t.Errorf("not signed: %v", done)
	}
}
