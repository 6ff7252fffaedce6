package state

import (
	"testing"

	"grapevine/chain"
	"grapevine/wallet/descriptor"
)

// One script that comes for another is noticed, though there are as many as before.
func TestOtherScriptsAreOtherScripts(t *testing.T) {
	params := chain.RegTest()
	st, err := New(nil, "", Settings{Params: params, Lookahead: ahead}, params.Genesis())
	if err != nil {
		t.Fatal(err)
	}
	d, err := descriptor.Parse("raw(51)", params.Params, false)
	if err != nil {
		t.Fatal(err)
	}
	r := &row{public: d, per: 1}
	st.watch(r, "one")
	before := st.Watched()
	st.unwatch(r.owned[0])
	st.watch(r, "another")
	if len(st.Scripts()) != 1 || st.Watched() == before {
		t.Errorf("%q, seen %d times as %d", st.Scripts(), st.Watched(), before)
	}
}
