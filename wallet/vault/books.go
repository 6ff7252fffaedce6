package vault

import (
	"bytes"
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/wallet"
)

// lookahead is how many scripts past the last one handed out or paid to are
// watched in each row. BIP44 asks for 20; addresses that were given away and
// never paid to must not hide what comes after them from a restored wallet.
const lookahead = 100

// books are what the wallet knows, in memory. They do no I/O and lock nothing:
// Vault guards them with its mutex.
type books struct {
	keys  *wallet.Keys
	words string
	seed  []byte

	rows    [4][]*owned       // scripts in order, by row of wallet.Branches
	next    [4]uint32         // the first index of each row not handed out
	scripts map[string]*owned // every script in rows

	txs      map[chain.Hash]*record
	outs     map[wire.OutPoint]output    // outputs that pay us, spent ones too
	spenders map[wire.OutPoint][]*record // wallet transactions by what they spend, foreign coins too
	order    uint64                      // of the next record

	locked map[wire.OutPoint]struct{} // set aside by LockCoins
	held   map[wire.OutPoint]struct{} // by a transaction being made

	cursor *chain.HeaderNode // the block that the books stand at
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

// dirt is what the file does not hold yet.
type dirt struct {
	records map[chain.Hash]struct{} // written, or deleted when the books have them no more
	labels  map[string]struct{}     // scripts
	keys    bool                    // next
	cursor  bool
}

func newBooks(seed []byte, words string, p *chain.Params) (*books, error) {
	keys, err := wallet.NewKeys(seed, p)
	if err != nil {
		return nil, err
	}
	b := &books{
		keys: keys, words: words, seed: seed,
		scripts:  map[string]*owned{},
		txs:      map[chain.Hash]*record{},
		outs:     map[wire.OutPoint]output{},
		spenders: map[wire.OutPoint][]*record{},
		locked:   map[wire.OutPoint]struct{}{},
		held:     map[wire.OutPoint]struct{}{},
		dirt:     newDirt(),
	}
	return b, b.derive()
}

func newDirt() dirt {
	return dirt{records: map[chain.Hash]struct{}{}, labels: map[string]struct{}{}}
}

// derive makes scripts until each row reaches lookahead past next.
func (b *books) derive() error {
	for i, branch := range wallet.Branches() {
		for uint32(len(b.rows[i])) < b.next[i]+lookahead {
			path := wallet.KeyPath{Branch: branch, Index: uint32(len(b.rows[i]))}
			script, err := b.keys.Script(path)
			if err != nil {
				return fmt.Errorf("script of %s: %w", b.keys.Path(path), err)
			}
			own := &owned{KeyPath: path, script: string(script)}
			b.rows[i] = append(b.rows[i], own)
			b.scripts[own.script] = own
		}
	}
	return nil
}

func rowOf(branch wallet.Branch) int {
	for i, b := range wallet.Branches() {
		if b == branch {
			return i
		}
	}
	return -1 // unreachable: Branches has every branch
}

// hand gives out the next script of a row.
func (b *books) hand(branch wallet.Branch) (*owned, error) {
	i := rowOf(branch)
	own := b.rows[i][b.next[i]]
	return own, b.used(own.KeyPath)
}

// used notes that the script at p is known to somebody.
func (b *books) used(p wallet.KeyPath) error {
	i := rowOf(p.Branch)
	if p.Index < b.next[i] {
		return nil
	}
	b.next[i] = p.Index + 1
	b.dirt.keys = true
	return b.derive()
}

// add notes a transaction if it concerns us; nil if it does not.
func (b *books) add(tx *chain.Tx, received int64) (*record, error) {
	r := b.txs[tx.ID]
	if r == nil {
		if !b.concerns(tx) {
			return nil, nil
		}
		r = newRecord(tx, stored{order: b.order, received: received, height: nowhere, conflict: nowhere, raw: bytes.Clone(tx.Raw())})
		b.order++
		b.link(r)
		b.touch(r)
	}
	return r, b.credit(tx, r)
}

func (b *books) concerns(tx *chain.Tx) bool {
	for _, o := range tx.TxOut {
		if b.scripts[string(o.PkScript)] != nil {
			return true
		}
	}
	for _, in := range tx.TxIn {
		if _, ok := b.outs[in.PreviousOutPoint]; ok {
			return true
		}
	}
	return false
}

// link puts a record where it is found by what it spends.
func (b *books) link(r *record) {
	b.txs[r.id] = r
	for _, op := range r.inputs {
		b.spenders[op] = append(b.spenders[op], r)
	}
}

// credit notes the outputs that pay us.
func (b *books) credit(tx *chain.Tx, r *record) error {
	for i, o := range tx.TxOut {
		own := b.scripts[string(o.PkScript)]
		if own == nil {
			continue
		}
		b.outs[wire.OutPoint{Hash: r.id, Index: uint32(i)}] = output{r, btcutil.Amount(o.Value), own}
		if err := b.used(own.KeyPath); err != nil {
			return err
		}
	}
	return nil
}

// forget removes a transaction that nobody but us has ever seen.
func (b *books) forget(r *record) {
	delete(b.txs, r.id)
	for i := range r.outs {
		delete(b.outs, wire.OutPoint{Hash: r.id, Index: i})
	}
	for _, op := range r.inputs {
		rest := b.spenders[op][:0]
		for _, s := range b.spenders[op] {
			if s != r {
				rest = append(rest, s)
			}
		}
		if b.spenders[op] = rest; len(rest) == 0 {
			delete(b.spenders, op)
		}
	}
	b.touch(r)
}

// touch says that the file does not hold r as it is now.
func (b *books) touch(r *record) { b.dirt.records[r.id] = struct{}{} }

// connect follows one block, whose parent the books stand at.
func (b *books) connect(node *chain.HeaderNode, blk *chain.Block, now int64) error {
	for {
		known := len(b.scripts)
		for i, tx := range blk.Txs {
			if err := b.connectTx(node, tx, i, now); err != nil {
				return fmt.Errorf("follow transaction %s: %w", tx.ID, err)
			}
		}
		if len(b.scripts) == known {
			break
		}
		// A payment has moved the lookahead: this block may pay the new scripts too.
	}
	b.cursor = node
	b.dirt.cursor = true
	return nil
}

func (b *books) connectTx(node *chain.HeaderNode, tx *chain.Tx, at int, now int64) error {
	if at > 0 {
		for _, in := range tx.TxIn {
			for _, s := range b.spenders[in.PreviousOutPoint] {
				if s.id != tx.ID {
					b.refute(s, node.Height)
				}
			}
		}
	}
	blockTime := node.Header.Timestamp.Unix()
	r, err := b.add(tx, firstSeen(now, blockTime))
	if r == nil || err != nil {
		return err
	}
	r.height, r.block, r.index, r.blockTime = node.Height, node.Hash, uint32(at), blockTime
	r.conflict, r.abandoned, r.inPool = nowhere, false, false
	if !bytes.Equal(r.raw, tx.Raw()) { // the witness may differ from what the pool had
		r.raw = bytes.Clone(tx.Raw())
	}
	b.touch(r)
	return nil
}

// oldBlock is how long ago, in seconds, a block must be for its time to be a
// better guess than our clock of when its transactions were made.
const oldBlock = 2 * 60 * 60

func firstSeen(now, blockTime int64) int64 {
	if blockTime < now-oldBlock {
		return blockTime
	}
	return now
}

// refute marks r and what hangs on it: the block at height spends a coin of it.
func (b *books) refute(r *record, height int32) {
	if r.height != nowhere || r.conflict != nowhere {
		return
	}
	r.conflict, r.inPool = height, false
	b.touch(r)
	for i := range r.outs {
		for _, s := range b.spenders[wire.OutPoint{Hash: r.id, Index: i}] {
			b.refute(s, height)
		}
	}
}

// rollback goes back to an ancestor of where the books stand.
func (b *books) rollback(to *chain.HeaderNode) {
	for _, r := range b.txs {
		if r.height > to.Height {
			r.height, r.block, r.index, r.blockTime = nowhere, chain.Hash{}, 0, 0
			r.abandoned = r.coinbase // nobody can mine it again
			b.touch(r)
		}
		if r.conflict > to.Height {
			r.conflict = nowhere
			b.touch(r)
		}
	}
	b.cursor = to
	b.dirt.cursor = true
}

// pool follows what changed in the pool.
func (b *books) pool(d chain.PoolDelta, now int64) error {
	for _, in := range d.In {
		r, err := b.add(in.Tx, now)
		if err != nil {
			return fmt.Errorf("follow transaction %s: %w", in.Tx.ID, err)
		}
		if r == nil || r.inPool {
			continue
		}
		r.inPool = true
		if r.abandoned || r.conflict != nowhere {
			r.abandoned, r.conflict = false, nowhere
			b.touch(r)
		}
	}
	for _, out := range d.Out {
		if r := b.txs[out.Tx.ID]; r != nil {
			r.inPool = false
		}
	}
	return nil
}
