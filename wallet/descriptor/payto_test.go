package descriptor

import (
	"encoding/hex"
	"regexp"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/chaincfg/v2"
)

// written puts real keys in the place of letters: K and L are compressed, U is
// K uncompressed, X its x coordinate, W its private key.
func written(desc string) string {
	return regexp.MustCompile(`\b[KLUXW]\b`).ReplaceAllStringFunc(desc, func(letter string) string {
		return map[string]string{
			"K": "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
			"L": "02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5",
			"U": "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8",
			"X": "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
			"W": "cMahea7zqjxrtgAbB7LSGbcQUr1uX1ojuat9jZodMN87JcbXMTcA",
		}[letter]
	})
}

// The scripts are those that a Bitcoin Core 28.1 pays for generatetodescriptor.
func TestDescriptorsPayTheirScripts(t *testing.T) {
	for desc, want := range map[string]string{
		"pk(K)":                   "210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798ac",
		"pk(U)":                   "410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8ac",
		"pkh(K)":                  "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac",
		"pkh(U)":                  "76a91491b24bf9f5288532960ac687abb035127b1d28a588ac",
		"wpkh(K)":                 "0014751e76e8199196d454941c45d1b3a323f1433bd6",
		"wpkh([deadbeef/0h/1]K)":  "0014751e76e8199196d454941c45d1b3a323f1433bd6",
		"wpkh(W)":                 "0014751e76e8199196d454941c45d1b3a323f1433bd6",
		"sh(wpkh(K))":             "a914bcfeb728b584253d5f3f70bcb780e9ef218a68f487",
		"sh(pk(U))":               "a91431edc23bdafda4639e669f89ad6b2318dd79d03287",
		"sh(pkh(K))":              "a914cd7b44d0b03f2d026d1e586d7ae18903b0d385f687",
		"wsh(pk(K))":              "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
		"wsh(pkh(K))":             "00203f4ae1eb3e75f3578491811d27eb59e23a512cf90c73b13c6acd4499f7c4d28b",
		"sh(wsh(pkh(K)))":         "a914d7c1e6f8f430d9563ed6ca46ca74f6d1e3b96e0e87",
		"multi(1,L,K)":            "512102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f8179852ae",
		"sortedmulti(1,L,K)":      "51210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f817982102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee552ae",
		"multi(2,K,U,L)":          "52210279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798410479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b82102c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee553ae",
		"sh(multi(2,K,L))":        "a91412fcac201d73f5b5dba0f1f22c40f02da17bb4a487",
		"wsh(multi(2,K,L))":       "00209b984c7bae3efddc3a3f0a20ff81bfe89ed1fe07ff13e562149ee654bed845db",
		"wsh(sortedmulti(1,L,K))": "00206eb3ac1f460d34871c2b21e1ce02f0c056bcf558a6d4942052b1856a4fe54f6d",
		"sh(wsh(multi(1,K)))":     "a9141a027ab82ae61bf90602223514dc6b6bc1d097ee87",
		"combo(K)":                "0014751e76e8199196d454941c45d1b3a323f1433bd6",
		"combo(U)":                "76a91491b24bf9f5288532960ac687abb035127b1d28a588ac",
		"tr(K)":                   "5120da4710964f7852695de2da025290e24af6d8c281de5a0b902b7135fd9fd74d21",
		"tr(X)":                   "5120da4710964f7852695de2da025290e24af6d8c281de5a0b902b7135fd9fd74d21",
		"rawtr(X)":                "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
		"raw(51)":                 "51",
		"addr(bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080)": "0014751e76e8199196d454941c45d1b3a323f1433bd6",
	} {
		for _, text := range []string{written(desc), WithChecksum(written(desc))} {
			got, err := PayTo(text, &chaincfg.RegressionNetParams)
			if err != nil || hex.EncodeToString(got) != want {
				t.Errorf("%s pays %x, %v, want %s", desc, got, err, want)
			}
		}
	}
}

// And these are its words for what is none.
func TestWhatIsNoDescriptorIsRefusedByItsCause(t *testing.T) {
	for desc, want := range map[string]string{
		``:                    `'' is not a valid descriptor function`,
		`x`:                   `'x' is not a valid descriptor function`,
		`pk()`:                `pk(): No key provided`,
		`pk(zz)`:              `pk(): key 'zz' is not valid`,
		`pk(X)`:               `pk(): Pubkey '(private)' is invalid`,
		`pk(K`:                `'pk(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798' is not a valid descriptor function`,
		`pk(K)x`:              `'pk(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)x' is not a valid descriptor function`,
		`wpkh(U)`:             `wpkh(): Uncompressed keys are not allowed`,
		`wsh(pk(U))`:          `pk(): Uncompressed keys are not allowed`,
		`wsh(multi(1,U))`:     `Multi: Uncompressed keys are not allowed`,
		`sh(wpkh(U))`:         `wpkh(): Uncompressed keys are not allowed`,
		`sh(sh(pk(K)))`:       `Can only have sh() at top level`,
		`wsh(wsh(pk(K)))`:     `Can only have wsh() at top level or inside sh()`,
		`sh(wsh(wsh(pk(K))))`: `Can only have wsh() at top level or inside sh()`,
		`wsh(wpkh(K))`:        `Can only have wpkh() at top level or inside sh()`,
		`sh(tr(K))`:           `Can only have tr at top level`,
		`sh(combo(K))`:        `Can only have combo() at top level`,
		`wsh(raw(51))`:        `Can only have raw() at top level`,
		`sh(addr(x))`:         `Can only have addr() at top level`,
		`multi(0,K)`:          `Multisig threshold cannot be 0, must be at least 1`,
		`multi(3,K)`:          `Multisig threshold cannot be larger than the number of keys; threshold is 3 but only 1 keys specified`,
		`multi(x,K)`:          `Multi threshold 'x' is not valid`,
		`multi(1,K,K,K,K)`:    `Cannot have 4 pubkeys in bare multisig; only at most 3 pubkeys`,
		`multi(1,)`:           `Multi: No key provided`,
		`raw()`:               `Raw script is not hex`,
		`raw(zz)`:             `Raw script is not hex`,
		`addr(x)`:             `Address is not valid`,
		`foo(K)`:              `'foo(0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798)' is not a valid descriptor function`,
		`raw(51)#xx`:          `Expected 8 character checksum, not 2 characters`,
		`raw(51)##`:           `Multiple '#' symbols`,
		`raw(51)#aaaaaaaa`:    `Provided checksum 'aaaaaaaa' does not match computed checksum '8lvh9jxk'`,
		`tr()`:                `tr(): No key provided`,
		`tr(U)`:               `tr(): Uncompressed keys are not allowed`,
		`combo(zz)`:           `combo(): key 'zz' is not valid`,
	} {
		got, err := PayTo(written(desc), &chaincfg.RegressionNetParams)
		if err == nil || err.Error() != written(want) {
			t.Errorf("%s pays %x, %v, want %s", desc, got, err, want)
		}
	}
	const foreign = "L1aW4aubDFB7yfras2S1mN3bqg9nwySY8nkoLmJebSLD5BWv3ENZ" // of mainnet
	if _, err := PayTo("pk("+foreign+")", &chaincfg.RegressionNetParams); err == nil || strings.Contains(err.Error(), foreign[:10]) {
		t.Errorf("a private key of another network: %v", err)
	}
}
