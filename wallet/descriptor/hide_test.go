package descriptor

import (
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// Errors are logged and answered: no private key stands in one, wherever it was written.
func TestNoErrorQuotesAPrivateKey(t *testing.T) {
	const (
		xprv = "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L"
		tprv = "tprv8ZgxMBicQKsPd7Uf69XL1XwhmjHopUGep8GuEiJDZmbQz6o58LninorQAfcKZWARbtRtfnLcJ5MQ2AtHcQJCCRUcMRvmDUjyEmNUWwx8UbK"
		wif  = "L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ"
		old  = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss"
		k    = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
	)
	for _, in := range []string{
		"wsh(and_v(v:pk(S/0h/*),older(10)))", "wsh(and_v(v:pk(S),older(10)))", "wsh(and_v(v:pk([00000000/1h]S/<0;1>/*),older(10)))",
		"sh(wsh(or_d(pk(S),pk(" + k + "))))", "tr(" + k + ",and_v(v:pk(S),older(1)))", "tr(" + k + ",{pk(" + k + "),foo(S)})",
		"S", "foo(S)", "pk(S", "pk(S)x", "wsh(S)", "sh(S)", "pk(" + k + "),S", "wsh(pk(" + k + "),S)", "multi(S,1)", "wsh(multi(S," + k + "))",
		"pk([00000000/S]" + k + ")", "pk([S]" + k + ")", "pk(S/S)", "pk(S/0/S/*)", "pk(xpub/S)", "wsh( S )", "S#S", "wsh(foo(\"S\"))", "key=S",
		strings.Repeat("a,", 480) + "S", "foo(" + strings.Repeat("a(", 474) + "S", // cut within it
	} {
		for _, secret := range []string{xprv, tprv, wif, old} {
			_, err := ParseAll(strings.ReplaceAll(in, "S", secret), &chaincfg.MainNetParams, false)
			if err == nil {
				continue
			}
			if text := err.Error(); strings.Contains(text, secret[:8]) || strings.Contains(text, secret[len(secret)-8:]) {
				t.Errorf("%s: %s", in, text)
			}
		}
	}
	raw := strings.Repeat("7a", 32) // a private key in hex, where one is no key
	for _, in := range []string{"pk(S)", "wpkh(S)", "wsh(multi(1,S))", "combo([00000000]S)", "tr(" + strings.Repeat("ff", 32) + ")"} {
		if _, err := Parse(strings.ReplaceAll(in, "S", raw), &chaincfg.MainNetParams, false); err == nil || strings.Contains(err.Error(), "7a7a") || strings.Contains(err.Error(), "ffff") {
			t.Errorf("%s: %v", in, err)
		}
	}
	// What is no secret is quoted as it was written.
	for _, public := range []string{"foo(" + k + ")", "foo(addr(bcrt1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqc8gma6))", "'x(1,{2}[3])'"} {
		_, err := Parse(public, &chaincfg.MainNetParams, false)
		if err == nil || !strings.Contains(err.Error(), public) {
			t.Errorf("%s: %v", public, err)
		}
	}
}
