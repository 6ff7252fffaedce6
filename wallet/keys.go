package wallet

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
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

// BranchCount is how many Branches there are.
const BranchCount = 2 * kinds

// Branches are all rows of keys that a wallet has.
func Branches() (all [BranchCount]Branch) {
	for i, k := range Kinds() {
		all[2*i], all[2*i+1] = Branch{k, false}, Branch{k, true}
	}
	return all
}

// Keys are the private keys of a wallet: account 0 of each kind.
// They have no String, so that no log shows them.
type Keys struct {
	params *chain.Params
	master string // fingerprint, in hex (BIP32)
	root   string // the master key as people write it (BIP32: xprv)
	public string // its public half (xpub)
	rows   map[Branch]row
}

type row struct {
	private, public *hdkeychain.ExtendedKey
	account         string // the account's public key as people write it (BIP32: xpub)
}

// NewKeys derives the rows m/purpose'/coin'/0'/change from a BIP39 seed.
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
	k := &Keys{params: p, root: master.String(), rows: map[Branch]row{}}
	k.master = hex.EncodeToString(address.Hash160(pub.SerializeCompressed())[:4])
	shown, err := master.Neuter()
	if err != nil {
		return nil, fmt.Errorf("public half of the master key: %w", err)
	}
	k.public = shown.String()
	for _, b := range Branches() {
		if k.rows[b], err = newRow(master, b, p); err != nil {
			return nil, err
		}
	}
	return k, nil
}

func newRow(master *hdkeychain.ExtendedKey, b Branch, p *chain.Params) (r row, err error) {
	const hard = hdkeychain.HardenedKeyStart
	account, err := descend(master, hard+b.Kind.purpose(), hard+p.HDCoinType, hard)
	if err != nil {
		return r, err
	}
	if r.private, err = descend(account, b.step()); err != nil {
		return r, err
	}
	if r.public, err = r.private.Neuter(); err != nil {
		return r, fmt.Errorf("public half of a key: %w", err)
	}
	shown, err := account.Neuter()
	if err != nil {
		return r, fmt.Errorf("public half of an account: %w", err)
	}
	r.account = shown.String()
	return r, nil
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

// path is the place of a key as Core writes it: m/84h/1h/0h/0/5.
func (k *Keys) path(p KeyPath) string {
	return fmt.Sprintf("m/%s/%d/%d", k.account(p.Kind), p.step(), p.Index)
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
	return p.Kind.script(pub), nil
}

// Scripts are n scripts of a row, the first at index from. It derives them as
// PubKey does (BIP32, CKDpub), but reads the row's key only once.
func (k *Keys) Scripts(b Branch, from, n uint32) ([][]byte, error) {
	parent := k.rows[b].public
	pub, err := parent.ECPubKey()
	if err != nil {
		return nil, fmt.Errorf("key of a row: %w", err)
	}
	var point btcec.JacobianPoint
	pub.AsJacobian(&point)
	mac := hmac.New(sha512.New, parent.ChainCode())
	data := append(pub.SerializeCompressed(), 0, 0, 0, 0)
	scripts := make([][]byte, 0, n)
	for i := from; i < from+n; i++ {
		binary.BigEndian.PutUint32(data[len(data)-4:], i)
		mac.Reset()
		mac.Write(data)
		child, err := addPoint(&point, mac.Sum(nil)[:32])
		if err != nil {
			return nil, fmt.Errorf("%w: index %d", err, i)
		}
		scripts = append(scripts, b.Kind.script(child))
	}
	return scripts, nil
}

// addPoint is parent + tweak*G.
func addPoint(parent *btcec.JacobianPoint, tweak []byte) (*btcec.PublicKey, error) {
	var scalar btcec.ModNScalar
	if overflow := scalar.SetByteSlice(tweak); overflow {
		return nil, hdkeychain.ErrInvalidChild
	}
	var own, sum btcec.JacobianPoint
	btcec.ScalarBaseMultNonConst(&scalar, &own)
	btcec.AddNonConst(parent, &own, &sum)
	if sum.Z.IsZero() {
		return nil, hdkeychain.ErrInvalidChild
	}
	sum.ToAffine()
	return btcec.NewPublicKey(&sum.X, &sum.Y), nil
}

// script of the kind that pays to the key.
func (k Kind) script(pub *btcec.PublicKey) []byte {
	switch k {
	case Taproot:
		return WitnessScript(1, schnorr.SerializePubKey(txscript.ComputeTaprootKeyNoScript(pub)))
	case Legacy:
		return PubKeyHashScript(keyHash(pub))
	case Nested:
		return ScriptHashScript(address.Hash160(keyHashScript(pub)))
	}
	return keyHashScript(pub)
}

// keyHashScript pays to a key by its hash in the witness (BIP141).
func keyHashScript(pub *btcec.PublicKey) []byte { return WitnessScript(0, keyHash(pub)) }

func keyHash(pub *btcec.PublicKey) []byte { return address.Hash160(pub.SerializeCompressed()) }

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
