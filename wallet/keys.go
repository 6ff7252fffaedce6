package wallet

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"

	"github.com/btcsuite/btcd/address/v2"
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

// BranchCount is how many Branches there are.
const BranchCount = 2 * kinds

// Branches are all rows of keys that a wallet has.
func Branches() (all [BranchCount]Branch) {
	for i, k := range Kinds() {
		all[2*i], all[2*i+1] = Branch{k, false}, Branch{k, true}
	}
	return all
}

// Keys are what a wallet's descriptors are written with: the master key, and account 0
// of each kind. They have no String, so that no log shows them.
type Keys struct {
	params   *chain.Params
	master   string          // fingerprint, in hex (BIP32)
	root     string          // the master key as people write it (BIP32: xprv)
	public   string          // its public half (xpub)
	accounts map[Kind]string // public keys as people write them (BIP32: xpub)
}

// NewKeys derives the accounts m/purpose'/coin'/0' from a BIP39 seed.
func NewKeys(seed []byte, p *chain.Params) (*Keys, error) {
	master, err := hdkeychain.NewMaster(seed, p.Params)
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	defer master.Zero()
	pub, err := master.ECPubKey()
	if err != nil {
		return nil, fmt.Errorf("master key: %w", err)
	}
	k := &Keys{params: p, root: master.String(), accounts: map[Kind]string{}}
	k.master = hex.EncodeToString(address.Hash160(pub.SerializeCompressed())[:4])
	shown, err := master.Neuter()
	if err != nil {
		return nil, fmt.Errorf("public half of the master key: %w", err)
	}
	k.public = shown.String()
	for _, kind := range Kinds() {
		if k.accounts[kind], err = newAccount(master, kind, p); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func newAccount(master *hdkeychain.ExtendedKey, kind Kind, p *chain.Params) (string, error) {
	const hard = hdkeychain.HardenedKeyStart
	account, err := descend(master, hard+kind.purpose(), hard+p.HDCoinType, hard)
	if err != nil {
		return "", err
	}
	shown, err := account.Neuter()
	if err != nil {
		return "", fmt.Errorf("public half of an account: %w", err)
	}
	return shown.String(), nil
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

// KindOf is the kind whose inputs weigh about as much as a script's.
func KindOf(script []byte) Kind {
	switch version, _, err := txscript.ExtractWitnessProgramInfo(script); {
	case err == nil && version == 0:
		return SegWit
	case err == nil:
		return Taproot
	case txscript.IsPayToScriptHash(script):
		return Nested
	}
	return Legacy
}
