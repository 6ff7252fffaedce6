package books

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// Books are what one wallet knows. They are not safe for use by several
// goroutines at once.
type Books struct {
	params *chain.Params
	keys   *wallet.Keys
	name   string // what clients call the wallet
	words  string
	seed   []byte

	rows    [wallet.BranchCount][]*owned // scripts in order, by row of wallet.Branches
	next    counts                       // the first index of each row not handed out
	paid    counts                       // the first index of each row past all that were paid to
	written counts                       // how many scripts of each row the file holds
	scripts map[string]*owned            // every script in rows

	txs      map[chain.Hash]*record
	outs     map[wire.OutPoint]output    // outputs that pay us, spent ones too
	spenders map[wire.OutPoint][]*record // wallet transactions by what they spend, foreign coins too
	list     []*record                   // the same as txs, in the order they came
	order    uint64                      // of the next record
	orphans  []*record                   // rewards that have just left the chain

	locked map[wire.OutPoint]struct{} // set aside by Lock
	held   map[wire.OutPoint]struct{} // by a transaction being made

	cursor *chain.HeaderNode // the block that the books stand at
	reread reread
	dirt   dirt
}

// owned is one of our scripts.
type owned struct {
	wallet.KeyPath
	script string
	label  string
}

// output is a coin that is or was ours.
type output struct {
	rec   *record
	value btcutil.Amount
	own   *owned
}

// New makes the books of a new wallet that stands at block at. Words are kept
// for people; the seed is what counts.
func New(seed []byte, words string, p *chain.Params, at *chain.HeaderNode) (*Books, error) {
	b, err := blank(seed, words, p)
	if err != nil {
		return nil, err
	}
	b.cursor = at
	b.dirt.keys = true
	b.reread = reread{birth: at.Height, next: nowhere}
	err = b.derive()
	b.reread.scanned = b.lens()
	return b, err
}

func blank(seed []byte, words string, p *chain.Params) (*Books, error) {
	keys, err := wallet.NewKeys(seed, p)
	if err != nil {
		return nil, err
	}
	return &Books{
		params: p, keys: keys, words: words, seed: seed,
		scripts:  map[string]*owned{},
		txs:      map[chain.Hash]*record{},
		outs:     map[wire.OutPoint]output{},
		spenders: map[wire.OutPoint][]*record{},
		locked:   map[wire.OutPoint]struct{}{},
		held:     map[wire.OutPoint]struct{}{},
		dirt:     newDirt(),
	}, nil
}

// Cursor is the block that the books stand at.
func (b *Books) Cursor() *chain.HeaderNode { return b.cursor }

// Name is what clients call the wallet; empty until Rename.
func (b *Books) Name() string { return b.name }

// Rename names a wallet that nobody has used yet. One that is in use keeps its
// name: who calls it so is not to find another's money, or none.
func (b *Books) Rename(name string) error {
	if name == b.name {
		return nil
	}
	if b.name != "" || !b.Unused() {
		return wallet.ErrExists
	}
	b.name, b.dirt.keys = name, true
	return nil
}

// Words are the wallet's BIP39 words.
func (b *Books) Words() string { return b.words }

// Keys are the wallet's keys; they may be used by several goroutines.
func (b *Books) Keys() *wallet.Keys { return b.keys }

// Len is the number of transactions.
func (b *Books) Len() int { return len(b.txs) }

// Unused says that nobody has heard of an address of this wallet.
func (b *Books) Unused() bool { return len(b.txs) == 0 && b.next == counts{} }

// Rows describes the rows of keys.
func (b *Books) Rows() (list []wallet.Row) {
	for i, branch := range wallet.Branches() {
		list = append(list, wallet.Row{Branch: branch, Desc: b.keys.Descriptor(branch), Next: b.next[i], Len: uint32(len(b.rows[i]))})
	}
	return list
}

// derive makes scripts until each row reaches its lookahead past next.
func (b *Books) derive() error {
	for i := range b.rows {
		if err := b.grow(i, b.next[i]+wallet.Lookahead); err != nil {
			return err
		}
	}
	return nil
}

// grow makes scripts of a row until there are n.
func (b *Books) grow(row int, n uint32) error {
	have := uint32(len(b.rows[row]))
	if have >= n {
		return nil
	}
	scripts, err := b.keys.Scripts(wallet.Branches()[row], have, n-have)
	if err != nil {
		return fmt.Errorf("scripts of row %d: %w", row, err)
	}
	for _, s := range scripts {
		b.watch(row, string(s))
	}
	return nil
}

// watch adds the next script of a row to those that are ours.
func (b *Books) watch(row int, script string) {
	path := wallet.KeyPath{Branch: wallet.Branches()[row], Index: uint32(len(b.rows[row]))}
	own := &owned{KeyPath: path, script: script}
	b.rows[row] = append(b.rows[row], own)
	b.scripts[script] = own
}

func rowOf(branch wallet.Branch) int {
	for i, b := range wallet.Branches() {
		if b == branch {
			return i
		}
	}
	return -1 // unreachable: Branches has every branch
}

// Hand gives out the next script of a row and names it. Beyond says that so
// many before it were never paid to that a wallet restored from its words will
// not find it.
func (b *Books) Hand(branch wallet.Branch, label string) (script []byte, beyond bool, err error) {
	i := rowOf(branch)
	own := b.rows[i][b.next[i]]
	if label != "" {
		b.label(own, label)
	}
	return []byte(own.script), b.beyond(own), b.Used(own.KeyPath)
}

func (b *Books) beyond(own *owned) bool {
	return own.Index >= b.paid[rowOf(own.Branch)]+wallet.Lookahead
}

// Used notes that the key at p is known to somebody: it is not handed out any more.
func (b *Books) Used(p wallet.KeyPath) error {
	i := rowOf(p.Branch)
	if p.Index < b.next[i] {
		return nil
	}
	b.next[i] = p.Index + 1
	b.dirt.keys = true
	return b.derive()
}

// Label labels a script of ours; wallet.ErrNotOurs when it is not.
func (b *Books) Label(script []byte, label string) error {
	own := b.scripts[string(script)]
	if own == nil {
		return wallet.ErrNotOurs
	}
	b.label(own, label)
	return nil
}

func (b *Books) label(own *owned, label string) {
	own.label = label
	b.dirt.labels[own.script] = struct{}{}
}

// Labels are the addresses handed out or paid to, change apart, by their label.
func (b *Books) Labels() map[string][]string {
	by := map[string][]string{}
	for i, row := range b.rows {
		for _, own := range row[:b.next[i]] {
			if !own.Change {
				by[own.label] = append(by[own.label], wallet.AddressOf([]byte(own.script), b.params.Params))
			}
		}
	}
	return by
}

// Owned says where a script stands in the key tree, if it is ours.
func (b *Books) Owned(script []byte) (o wallet.Owned, ours bool, err error) {
	own := b.scripts[string(script)]
	if own == nil {
		return o, false, nil
	}
	o, err = b.keys.Owned(own.KeyPath)
	o.Label, o.Beyond = own.label, b.beyond(own)
	return o, err == nil, err
}
