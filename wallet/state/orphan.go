package state

// orphan is a reward whose block has left the chain, from that height.
type orphan struct {
	*record
	height int32
	// back: the chain itself may be on its way back to that block, as after a kill; the
	// reward is lost when another block stands at its height.
	back bool
}

// mayComeBack says so of the orphans that a start has found.
func (st *State) mayComeBack() {
	for i := range st.orphans {
		st.orphans[i].back = true
	}
}

// giveUp abandons what spends a reward whose block has left the chain, once the
// pool has let go of it too: the other coins in it are free again.
func (st *State) giveUp() {
	var wait []orphan
	for _, r := range st.orphans {
		switch {
		case r.record.height != Nowhere: // it has come back
		case r.back && st.cursor.Height < r.height:
			wait = append(wait, r)
		default:
			st.abandonSpenders(r.record)
		}
	}
	st.orphans = wait
}
