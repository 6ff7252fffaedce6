package wallet

import "fmt"

// Descriptor is a row's output descriptor (BIP380), without checksum: whoever
// has it finds all coins paid to the row, and can spend none.
func (k *Keys) Descriptor(b Branch) string {
	before, after := b.Kind.form()
	return fmt.Sprintf("%s[%s/%s]%s/%d/*%s", before, k.master, k.account(b.Kind), k.accounts[b.Kind], b.step(), after)
}

// Private is Descriptor with the private master key, as Core writes it.
func (k *Keys) Private(b Branch) string {
	return KindDescriptor(k.root, b, k.params.HDCoinType)
}

// Root is the public master key (BIP32: xpub).
func (k *Keys) Root() string { return k.public }

// KindDescriptor is the private descriptor of a branch below an extended key
// (xprv), without checksum, as a new wallet has them [GenerateWalletDescriptor].
func KindDescriptor(root string, b Branch, coinType uint32) string {
	before, after := b.Kind.form()
	return fmt.Sprintf("%s%s/%dh/%dh/0h/%d/*%s", before, root, b.Kind.purpose(), coinType, b.step(), after)
}

func (k *Keys) account(kind Kind) string {
	return fmt.Sprintf("%dh/%dh/0h", kind.purpose(), k.params.HDCoinType)
}
