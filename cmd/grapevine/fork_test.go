package main

import (
	"testing"
	"time"
)

// A node is killed again and again while it takes over a branch that outweighs its
// own chain only at its end, 1,100 blocks up: nothing it starts with is less than
// its own chain was, it goes on each time, ends at the branch's tip, and its file is
// whole. `make test` forks 300 blocks down, and kills it four times.
func TestT63_KilledWhileItTakesADeepForkOver(t *testing.T) {
	depth, kills := 300, 4
	if soaking() {
		depth, kills = 1100, 8
	}
	dir := t.TempDir()
	far := startNode(t, t.TempDir())
	far.mine(t, depth+1)
	d := startNode(t, dir)
	d.mine(t, depth)
	d.kill()
	for round := range kills {
		d = startNode(t, dir, "--connect", far.p2p)
		var height int
		if d.call(t, "getblockcount", &height); height < depth {
			t.Errorf("round %d: it begins at %d", round, height)
		}
		time.Sleep(time.Duration(round) * 15 * time.Millisecond) // any moment will do
		d.kill()
	}
	d = startNode(t, dir, "--connect", far.p2p)
	eventually(t, "the branch is taken over", func() bool {
		var ours, theirs string
		d.call(t, "getbestblockhash", &ours)
		far.call(t, "getbestblockhash", &theirs)
		return ours == theirs
	})
	d.call(t, "stop", nil)
	d.wait(t, 2*time.Minute)
	ok(t, dir, "db", "check", "--datadir", dir)
}

// What invalidateblock and reconsiderblock have answered is on disk: a node that is killed
// the moment after stands where it was told to.
func TestAMarkOutlivesAKill(t *testing.T) {
	dir := t.TempDir()
	d := startNode(t, dir)
	d.mine(t, 5)
	var third, tip string
	d.call(t, "getblockhash", &third, 3)
	d.call(t, "getbestblockhash", &tip)
	for _, step := range []struct {
		method string
		height int
	}{{"invalidateblock", 2}, {"reconsiderblock", 5}} {
		d.call(t, step.method, nil, third)
		d.kill()
		d = startNode(t, dir)
		var height int
		eventually(t, step.method+" holds", func() bool {
			d.call(t, "getblockcount", &height)
			return height == step.height
		})
	}
	var now string
	if d.call(t, "getbestblockhash", &now); now != tip {
		t.Errorf("the tip is %s, was %s", now, tip)
	}
	d.call(t, "stop", nil)
	d.wait(t, 2*time.Minute)
}
