package model

import (
	"testing"
	"time"
)

func TestQuantilesOfArrivals(t *testing.T) {
	at := func(seconds ...int) (row []time.Duration) {
		for _, s := range seconds {
			row = append(row, time.Duration(s)*time.Second)
		}
		return row
	}
	slow := News{Born: 10 * time.Second, Seen: append(at(10, 11, 12, 13, 14, 15, 16, 17, 18, 20), Never)}
	quick := News{Born: 0, Seen: append(at(0, 0, 0, 0, 1, 1, 1, 1, 1, 2), Never)}
	all := func(int) bool { return true }
	if s := spreadOf([]News{slow}, all); s.P50 != 4 || s.P90 != 8 || s.P99 != 10 || s.Last != 10 || s.Items != 1 {
		t.Errorf("%+v", s)
	}
	if s := spreadOf([]News{slow}, func(i int) bool { return i < 5 }); s.Last != 4 {
		t.Errorf("who does not count was counted: %v", s.Last)
	}
	if s := spreadOf([]News{slow, quick, quick}, all); s.Last != 2 || s.Curve[100] != [3]float64{2, 2, 10} {
		t.Errorf("the thing in the middle: %+v", s.Curve[100])
	}
	a, b := spreadOf([]News{slow}, all), spreadOf([]News{quick}, all)
	if s := mergeSpreads([]*Spread{&a, &b}); s.Last != 6 || s.P50 != 2.5 {
		t.Errorf("the middle of two: %v, %v", s.P50, s.Last)
	}
	if s := spreadOf(nil, all); s.Last != 0 {
		t.Error("nothing has a last")
	}
}
