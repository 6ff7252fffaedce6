package ledger

import (
	"errors"
	"strings"
	"testing"

	"grapevine/chain"
	"grapevine/chain/audit"
	"grapevine/chain/chaintest"
	"grapevine/db"
)

// `db check` proves more than checksums: what is whole, but is not what the rules
// make of the blocks, is found by what it is.
func TestCheckFileFindsWhatChecksumsDoNot(t *testing.T) {
	tr, r := plant(t)
	key := chaintest.NewKey(1)
	tr.Grow(chaintest.Genesis, "a", 101, chaintest.PayTo(key.P2WPKH()))
	tr.AcceptRow("a", 101)
	tr.Block("a101", "b", chaintest.With(chaintest.SpendOne(t, tr.Named("a1").Coinbase(key), key.P2WPKH(), 1000)))
	tr.Accept("b")
	stats, err := r.CoinStats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check := func(change func(*Stats, *audit.Records), want string) {
		t.Helper()
		s := stats
		records := audit.Records{Params: r.cfg.Params, Archive: r.archive, Tree: r.tree, Workers: 1}
		change(&s, &records)
		err := records.Check(t.Context(), r.Tip(), s.Stats)
		if want == "" && err != nil || want != "" && (!errors.Is(err, db.ErrCorrupt) || !strings.Contains(err.Error(), want)) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	check(func(*Stats, *audit.Records) {}, "")
	check(func(s *Stats, _ *audit.Records) { s.MuHash[0] ^= 1 }, "muhash")
	check(func(s *Stats, _ *audit.Records) { s.Total = 102 * 50e8 }, "")
	check(func(s *Stats, _ *audit.Records) { s.Total = 102*50e8 + 1 }, "were made")
	check(func(_ *Stats, c *audit.Records) { c.Tree = forgetful{r.tree, tr.Named("a50").Node.Hash} }, "no header owns body")

	// A copy of a block whose transactions do not fit its header.
	e, _ := r.tree.entry(tr.Named("b").Node.Hash)
	mutated := tr.Named("b").Block.MsgBlock().Copy()
	mutated.Transactions = mutated.Transactions[:1]
	r.archive.SaveBody(e.Body, chain.NewBlock(mutated).Raw)
	if err := r.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(func(*Stats, *audit.Records) {}, string(chain.ErrBadMerkleRoot))

	// A body that is gone.
	bodies := db.NewTable("bodies", db.Uint32(), db.Bytes())
	if err := r.file.Update(func(tx *db.Tx) error { return bodies.Delete(tx, e.Body) }); err != nil {
		t.Fatal(err)
	}
	check(func(*Stats, *audit.Records) {}, "102 bodies of the 103 blocks")
}

// forgetful is a tree that does not know who owns the body of one block.
type forgetful struct {
	*tree
	not chain.Hash
}

func (s forgetful) Owners() (map[uint32]*chain.HeaderNode, uint32) {
	owners, next := s.tree.Owners()
	for n, node := range owners {
		if node.Hash == s.not {
			delete(owners, n)
		}
	}
	return owners, next
}
