package layout

import (
	"maps"
	"net/url"
	"strconv"
)

// Pager says which part of a list is shown and where the others are; URLs are "" where there are none.
type Pager struct {
	Name         string // of the list, where a page has several
	From, To, Of int    // counted from 1; To 0: nothing
	Number, Last int    // of pages, counted from 1

	First, Newer, Older, End string
}

// List is a list that is cut into pages.
type List struct {
	At   url.URL // of the page that shows it; its query says which part, by Key
	Key  string
	Name string // see Pager
	Len  int
	Size int // of a part
}

// Page is one part of the list, counted from 1; where there is none, the first or the last.
func (l List) Page(number int) Pager {
	last := max(1, (l.Len+l.Size-1)/l.Size)
	number = min(max(number, 1), last)
	p := Pager{Name: l.Name, From: (number-1)*l.Size + 1, To: min(number*l.Size, l.Len), Of: l.Len, Number: number, Last: last}
	if number > 1 {
		p.First, p.Newer = l.link(1), l.link(number-1)
	}
	if number < last {
		p.Older, p.End = l.link(number+1), l.link(last)
	}
	return p
}

func (l List) link(to int) string {
	query := maps.Clone(l.At.Query())
	query.Set(l.Key, strconv.Itoa(to))
	at := url.URL{Path: l.At.Path, RawQuery: query.Encode(), Fragment: l.At.Fragment}
	return at.String()
}

// Slice is where the part lies in its list.
func (p Pager) Slice() (from, to int) { return min(p.From-1, p.To), p.To }
