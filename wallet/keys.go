package wallet

import (
	"fmt"
	"io"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/btcutil/v2/hdkeychain"
	"github.com/btcsuite/btcd/txscript/v2"
	bip39 "github.com/tyler-smith/go-bip39"

	"grapevine/chain"
)

// entropyBytes of a new wallet: 128 bits are 12 words (BIP39).
const entropyBytes = 16

// NewWords makes the BIP39 words of a new wallet.
func NewWords(rand io.Reader) (string, error) {
	entropy := make([]byte, entropyBytes)
	if _, err := io.ReadFull(rand, entropy); err != nil {
		return "", fmt.Errorf("randomness for new words: %w", err)
	}
	return bip39.NewMnemonic(entropy)
}

// Seed is BIP39's 64 bytes for words and passphrase, with the words in their
// plain form (lower case, one space between). Errors match ErrBadWords.
func Seed(words, passphrase string) (seed []byte, plain string, err error) {
	list := strings.Fields(strings.ToLower(words))
	plain = strings.Join(list, " ")
	for i, w := range list {
		if _, ok := bip39.GetWordIndex(w); !ok {
			return nil, "", fmt.Errorf("%w: word %d is not in the list", ErrBadWords, i+1)
		}
	}
	if n := len(list); n < 12 || n > 24 || n%3 != 0 {
		return nil, "", fmt.Errorf("%w: %d words, not 12, 15, 18, 21 or 24", ErrBadWords, n)
	}
	if strings.ContainsFunc(passphrase, func(r rune) bool { return r > 126 }) {
		// BIP39 wants Unicode's NFKD form of them, which wallets spoil in different ways.
		return nil, "", fmt.Errorf("%w: the passphrase must be plain ASCII", ErrBadWords)
	}
	seed, err = bip39.NewSeedWithErrorChecking(plain, passphrase)
	if err != nil {
		return nil, "", fmt.Errorf("%w: the checksum is wrong, so a word is, or their order", ErrBadWords)
	}
	return seed, plain, nil
}

// Branch is one row of keys: an address kind, for others to pay to or for change.
type Branch struct {
	Kind   Kind
	Change bool
}

// KeyPath is the place of one key in the tree.
type KeyPath struct {
	Branch
	Index uint32
}

// Branches are all rows of keys that a wallet has.
func Branches() [4]Branch {
	return [4]Branch{{SegWit, false}, {SegWit, true}, {Taproot, false}, {Taproot, true}}
}

// purpose is the first step of the path, from the BIP that says it.
func (k Kind) purpose() uint32 {
	if k == Taproot {
		return 86
	}
	return 84
}

// String is Core's name for the address kind.
func (k Kind) String() string {
	if k == Taproot {
		return "bech32m"
	}
	return "bech32"
}

// Keys are the private keys of a wallet: account 0 of BIP84 and of BIP86.
// They have no String, so that no log shows them.
type Keys struct {
	params *chain.Params
	rows   map[Branch]row
}

type row struct{ private, public *hdkeychain.ExtendedKey }

// NewKeys derives the rows m/purpose'/coin'/0'/change from a BIP39 seed.
func NewKeys(seed []byte, p *chain.Params) (*Keys, error) {
	master, err := hdkeychain.NewMaster(seed, p.Params)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer master.Zero()
	k := &Keys{params: p, rows: map[Branch]row{}}
	for _, b := range Branches() {
		const hard = hdkeychain.HardenedKeyStart
		private, err := descend(master, hard+b.Kind.purpose(), hard+p.HDCoinType, hard, b.step())
		if err != nil {
			return nil, err
		}
		public, err := private.Neuter()
		if err != nil {
			return nil, fmt.Errorf("public half of a key: %w", err)
		}
		k.rows[b] = row{private, public}
	}
	return k, nil
}

func (b Branch) step() uint32 {
	if b.Change {
		return 1
	}
	return 0
}

func descend(key *hdkeychain.ExtendedKey, steps ...uint32) (*hdkeychain.ExtendedKey, error) {
	for _, s := range steps {
		child, err := key.Derive(s)
		if err != nil {
			return nil, fmt.Errorf("derive a key: %w", err)
		}
		key = child
	}
	return key, nil
}

// Path is the place of a key as people write it: m/84'/1'/0'/0/5.
func (k *Keys) Path(p KeyPath) string {
	return fmt.Sprintf("m/%d'/%d'/0'/%d/%d", p.Kind.purpose(), k.params.HDCoinType, p.step(), p.Index)
}

// PubKey is the public key at p.
func (k *Keys) PubKey(p KeyPath) (*btcec.PublicKey, error) {
	child, err := descend(k.rows[p.Branch].public, p.Index)
	if err != nil {
		return nil, err
	}
	return child.ECPubKey()
}

// PrivKey is the private key at p; for Taproot the internal key, not yet tweaked.
func (k *Keys) PrivKey(p KeyPath) (*btcec.PrivateKey, error) {
	child, err := descend(k.rows[p.Branch].private, p.Index)
	if err != nil {
		return nil, err
	}
	return child.ECPrivKey()
}

// Script is what an output to the key at p says.
func (k *Keys) Script(p KeyPath) ([]byte, error) {
	pub, err := k.PubKey(p)
	if err != nil {
		return nil, err
	}
	if p.Kind == Taproot {
		return txscript.PayToTaprootScript(txscript.ComputeTaprootKeyNoScript(pub))
	}
	addr, err := address.NewAddressWitnessPubKeyHash(address.Hash160(pub.SerializeCompressed()), k.params.Params)
	if err != nil {
		return nil, fmt.Errorf("address of a key: %w", err)
	}
	return txscript.PayToAddrScript(addr)
}

// Address is how people write the script of a key at p.
func (k *Keys) Address(p KeyPath) (address.Address, error) {
	pub, err := k.PubKey(p)
	if err != nil {
		return nil, err
	}
	if p.Kind == Taproot {
		key := txscript.ComputeTaprootKeyNoScript(pub)
		return address.NewAddressTaproot(schnorr.SerializePubKey(key), k.params.Params)
	}
	return address.NewAddressWitnessPubKeyHash(address.Hash160(pub.SerializeCompressed()), k.params.Params)
}

// AddressOf is how people write a script; empty when it has no address.
func AddressOf(script []byte, p *chain.Params) string {
	_, addrs, _, err := txscript.ExtractPkScriptAddrs(script, p.Params)
	if err != nil || len(addrs) != 1 || txscript.GetScriptClass(script) == txscript.PubKeyTy {
		return ""
	}
	return addrs[0].EncodeAddress()
}
