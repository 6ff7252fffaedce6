package explorer

import (
	"fmt"

	"github.com/btcsuite/btcd/btcutil/v2"
	"github.com/btcsuite/btcd/chaincfg/v2"

	"grapevine/chain"
	"grapevine/cmd/rpc/show"
)

// flow is a picture of where a transaction's coins come from and go to: a band for each, as wide as its
// amount, from inputs on the left through the transaction to outputs and fee on the right.
type flow struct {
	Width, Height int
	Bands         []band
	Says          string // for who does not see it
}

type band struct {
	Path  string
	Class string // in, out, fee
	Label string
	X, Y  float64
	End   bool // the label stands at its right
}

// stream is one coin that flows.
type stream struct {
	value btcutil.Amount
	label string
	class string
}

// What the picture measures, in its own units.
const (
	flowWidth, flowPad = 760, 8
	flowLabel          = 250 // for the labels at each side
	flowRow            = 26  // of each stream at least
	flowBody           = 80  // that all amounts together are wide, where they meet
	maxStreams         = 10  // at each side; the others are one
)

// drawFlow draws a transaction; nil when it is not known what it spends.
func drawFlow(tx *chain.Tx, spent []chain.Coin, net *chaincfg.Params) *flow {
	left, right := inStreams(tx, spent, net), outStreams(tx, net)
	if left == nil {
		return nil
	}
	var in, out btcutil.Amount
	for _, s := range left {
		in += s.value
	}
	for _, s := range right {
		out += s.value
	}
	if fee := in - out; fee > 0 {
		right = append(right, stream{fee, "fee " + fee.String(), "fee"})
		out = in
	}
	f := &flow{Width: flowWidth, Height: 2*flowPad + max(flowBody, flowRow*max(len(left), len(right))),
		Says: fmt.Sprintf("%v flow in by %d inputs and out by %d outputs", in, len(tx.TxIn), len(tx.TxOut))}
	f.side(left, in, false)
	f.side(right, max(in, out), true)
	return f
}

func inStreams(tx *chain.Tx, spent []chain.Coin, net *chaincfg.Params) (list []stream) {
	if tx.IsCoinbase() {
		return []stream{{outSum(tx), "new coins and fees " + outSum(tx).String(), "in"}}
	}
	if len(spent) != len(tx.TxIn) {
		return nil
	}
	for _, c := range spent {
		list = addStream(list, stream{c.Value, label(c.Value, c.PkScript, net), "in"}, len(spent))
	}
	return list
}

func outStreams(tx *chain.Tx, net *chaincfg.Params) (list []stream) {
	for _, out := range tx.TxOut {
		v := btcutil.Amount(out.Value)
		list = addStream(list, stream{v, label(v, out.PkScript, net), "out"}, len(tx.TxOut))
	}
	return list
}

// addStream adds a stream to a side of n; beyond maxStreams they run together.
func addStream(list []stream, s stream, n int) []stream {
	if n <= maxStreams || len(list) < maxStreams-1 {
		return append(list, s)
	}
	if len(list) < maxStreams {
		list = append(list, stream{class: s.class})
	}
	last := &list[maxStreams-1]
	last.value += s.value
	last.label = fmt.Sprintf("%v, %d others", last.value, n-maxStreams+1)
	return list
}

// label is an amount and, as far as there is room, whose.
func label(v btcutil.Amount, pk []byte, net *chaincfg.Params) string {
	who := show.Address(pk, net)
	if who == "" {
		who = show.ScriptType(pk)
	}
	if len(who) > 16 {
		who = who[:7] + "…" + who[len(who)-6:]
	}
	return v.String() + " " + who
}

// side draws the streams of one side: at the edge each has a row, in the middle they lie on each other.
func (f *flow) side(list []stream, sum btcutil.Amount, right bool) {
	if len(list) == 0 {
		return
	}
	row := float64(f.Height-2*flowPad) / float64(len(list))
	middle := float64(f.Height)/2 - flowBody/2
	edge, mid := float64(flowLabel), float64(f.Width)/2-4
	if right {
		edge, mid = float64(f.Width-flowLabel), float64(f.Width)/2+4
	}
	for i, s := range list {
		wide := 1.0
		if sum > 0 {
			wide = max(1, flowBody*float64(s.value)/float64(sum))
		}
		y := flowPad + (float64(i)+0.5)*row
		half := min(wide, row-4) / 2
		bend := (edge + mid) / 2
		path := fmt.Sprintf("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ",
			edge, y-half, bend, y-half, bend, middle, mid, middle, middle+wide, bend, middle+wide, bend, y+half, edge, y+half)
		b := band{Path: path, Class: s.class, Label: s.label, X: edge - 6, Y: y + 4, End: right}
		if right {
			b.X = edge + 6
		}
		f.Bands = append(f.Bands, b)
		middle += wide
	}
}
