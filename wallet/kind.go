package wallet

import "grapevine/chain/policy"

// Kind is a kind of address, and of the script behind it.
type Kind uint8

// The order is that of the rows in wallet.db: new kinds go to the end.
const (
	SegWit  Kind = iota // BIP84: m/84'/coin'/0', pay to witness public key hash ("bech32")
	Taproot             // BIP86: m/86'/coin'/0', pay to taproot by key ("bech32m")
	Nested              // BIP49: m/49'/coin'/0', SegWit's script behind a script hash ("p2sh-segwit")
	Legacy              // BIP44: m/44'/coin'/0', pay to public key hash ("legacy")

	kinds = 4
)

// Kinds are all of them, in order.
func Kinds() [kinds]Kind { return [kinds]Kind{SegWit, Taproot, Nested, Legacy} }

// KindNamed is the kind that Core calls so.
func KindNamed(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.String() == name {
			return k, true
		}
	}
	return 0, false
}

// KindPaid is the kind of address behind a script; false: it is of no kind that
// wallets make addresses of.
func KindPaid(script []byte) (Kind, bool) {
	switch policy.KindOf(script) {
	case policy.Taproot:
		return Taproot, true
	case policy.WitnessKeyHash:
		return SegWit, true
	case policy.ScriptHash:
		return Nested, true
	case policy.PubKeyHash:
		return Legacy, true
	}
	return 0, false
}

// String is Core's name for the kind.
func (k Kind) String() string {
	switch k {
	case Taproot:
		return "bech32m"
	case Nested:
		return "p2sh-segwit"
	case Legacy:
		return "legacy"
	}
	return "bech32"
}

// purpose is the first step of the path, from the BIP that says it.
func (k Kind) purpose() uint32 {
	switch k {
	case Taproot:
		return 86
	case Nested:
		return 49
	case Legacy:
		return 44
	}
	return 84
}

// form is the kind's descriptor (BIP380) around the key.
func (k Kind) form() (before, after string) {
	switch k {
	case Taproot:
		return "tr(", ")"
	case Nested:
		return "sh(wpkh(", "))"
	case Legacy:
		return "pkh(", ")"
	}
	return "wpkh(", ")"
}

// Lookahead is the gap limit: how many scripts of each row past the last one handed out or
// paid to are watched [DEFAULT_KEYPOOL_SIZE]. BIP44 asks for 20; addresses that
// were given away and never paid to must not hide what comes after them from a
// wallet restored from its words.
const Lookahead = 1000

// MaxLookahead bounds what people may ask for instead: each thousand is 0.3 s of work
// when a wallet is made.
const MaxLookahead = 100_000
