package compare

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strconv"
)

// The picture, in its own units. Times are to the left, copies to the right;
// below, if there is a model, both ways over the number of newcomers.
const (
	width             = 960
	timeX0, timeX1    = 220, 640
	copyX0, copyX1    = 720, 900
	rowsY             = 116
	rowHeight         = 26
	groupGap          = 18
	modelHeight       = 330
	ink, faint, paper = "#1f2933", "#d7dce1", "#ffffff"
	boundColour       = "#c2571a"
)

// look of a way: it differs in mark as well as in colour.
func look(w Way) (colour string, square bool, name string) {
	switch w {
	case Server:
		return "#9a6b00", true, "client and server"
	case Peers:
		return "#124e78", false, "peers: grapevine"
	}
	return "#6b7280", true, "peers: " + string(w)
}

// picture writes; w keeps the first error for Flush.
type picture struct {
	w      *bufio.Writer
	r      *Result
	real   []Run // on processes
	model  []Run
	ways   []Way
	end    float64 // seconds at the right edge
	copies float64
	bottom float64 // of the rows
}

// SVG draws every run with its bounds.
func SVG(w io.Writer, r *Result) error {
	p := &picture{w: bufio.NewWriter(w), r: r}
	for _, x := range r.Runs {
		if x.Model {
			p.model = append(p.model, x)
			continue
		}
		p.real = append(p.real, x)
		if !slices.Contains(p.ways, x.Way) {
			p.ways = append(p.ways, x.Way)
		}
		p.end = max(p.end, x.Last*1.03, x.Bounds.Server*1.03)
		p.copies = max(p.copies, x.Copies, float64(x.Nodes))
	}
	p.bottom = rowsY + float64(len(p.real))*rowHeight + float64(len(p.ways)-1)*groupGap
	height := p.bottom + 60
	if len(p.model) > 0 {
		height += modelHeight
	}
	p.head(height)
	p.bounds()
	p.rows()
	if len(p.model) > 0 {
		p.scale(p.bottom + 100)
	}
	p.put(`</svg>`)
	if err := p.w.Flush(); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

func (p *picture) put(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *picture) text(x, y float64, more, s string) {
	p.put(`<text x="%.1f" y="%.1f" %s>%s</text>`, x, y, more, html.EscapeString(s))
}

func (p *picture) x(seconds float64) float64  { return timeX0 + seconds/p.end*(timeX1-timeX0) }
func (p *picture) cx(copies float64) float64  { return copyX0 + copies/p.copies*(copyX1-copyX0) }
func megabytes(n int64) string                { return strconv.FormatFloat(float64(n)/1e6, 'g', 4, 64) + " MB" }
func seconds(s float64) string                { return fmt.Sprintf("%.1f s", s) }
func plural(n int, one string) (words string) { return fmt.Sprintf("%d %s", n, one+ending(n)) }

func ending(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func (p *picture) head(height float64) {
	n := p.real[0].Nodes
	title := fmt.Sprintf("One chain for %s: client and server, and peers", plural(n, "newcomer"))
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %.0f" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="14" fill="%s" role="img" aria-labelledby="title desc">`, width, height, ink)
	p.put(`<title id="title">%s</title>`, html.EscapeString(title))
	p.put(`<desc id="desc">%s</desc>`, html.EscapeString(p.inWords()))
	p.put(`<rect width="%d" height="%.0f" fill="%s"/>`, width, height, paper)
	p.text(20, 34, `font-size="20" font-weight="600"`, title)
	p.text(20, 56, `font-size="13" opacity="0.75"`, fmt.Sprintf("all begin at once beside one seed that sends %s a second to all together; the chain has %s in %s", megabytes(p.r.SeedRate), megabytes(p.r.Bytes), plural(p.r.Blocks, "block")))
	p.text(20, 74, `font-size="13" opacity="0.75"`, "every run is drawn, each newcomer with a mark; "+p.r.Date+"; "+p.r.Machine)
	p.text(timeX0, rowsY-18, `font-size="13" opacity="0.75"`, "seconds until a newcomer has the chain")
	p.text(copyX0, rowsY-18, `font-size="13" opacity="0.75"`, "copies the seed has sent")
}

// inWords is the picture for those who cannot see it.
func (p *picture) inWords() (s string) {
	for _, r := range p.real {
		_, _, name := look(r.Way)
		s += fmt.Sprintf("%s, run %d: the last of %d has the chain after %s, the bound is %s; the seed has sent %.2f copies. ", name, r.Run, r.Nodes, seconds(r.Last), seconds(r.Bound()), r.Copies)
	}
	return s
}

// bounds are dashed lines through all rows.
func (p *picture) bounds() {
	b, n := p.real[0].Bounds, float64(p.real[0].Nodes)
	for _, x := range []struct {
		at, copies float64
		words      string
		under      float64
	}{{b.Peers, 1, "peers' bound: ", 18}, {b.Server, n, "client-server: ", 34}} {
		for _, at := range []float64{p.x(x.at), p.cx(x.copies)} {
			p.put(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%.1f" stroke="%s" stroke-width="1.4" stroke-dasharray="5 4"/>`, at, at, rowsY-10, p.bottom+4, boundColour)
		}
		anchor := `text-anchor="middle"`
		if p.x(x.at) > timeX1-80 {
			anchor = `text-anchor="end"`
		}
		p.text(p.x(x.at), p.bottom+x.under, anchor+` font-size="12" fill="`+boundColour+`"`, x.words+seconds(x.at))
		p.text(p.cx(x.copies), p.bottom+x.under, `text-anchor="middle" font-size="12" fill="`+boundColour+`"`, strconv.FormatFloat(x.copies, 'f', -1, 64))
	}
}

// rows: a line for each run from its first newcomer to its last.
func (p *picture) rows() {
	y := float64(rowsY)
	for i, way := range p.ways {
		colour, square, name := look(way)
		if i > 0 {
			y += groupGap
		}
		p.text(20, y+rowHeight/2+5, `font-weight="600"`, name)
		for _, r := range p.real {
			if r.Way != way {
				continue
			}
			mid := y + rowHeight/2
			p.put(`<line x1="%d" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>`, timeX0, p.x(r.First), mid, mid, faint)
			p.put(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="3"/>`, p.x(r.First), p.x(r.Last), mid, mid, colour)
			for _, n := range r.Newcomers {
				p.put("%s", mark(p.x(n.Seconds), mid, colour, square))
			}
			label, at := `font-size="13"`, p.x(r.Last)+10
			if at > timeX1-40 {
				label, at = label+` text-anchor="end"`, p.x(r.First)-10
			}
			p.text(at, mid+5, label, seconds(r.Last))
			p.put(`<rect x="%d" y="%.1f" width="%.1f" height="12" fill="%s" opacity="0.85"/>`, copyX0, mid-6, p.cx(r.Copies)-copyX0, colour)
			p.text(p.cx(r.Copies)+8, mid+5, `font-size="13"`, fmt.Sprintf("%.2f", r.Copies))
			y += rowHeight
		}
	}
}

func mark(x, y float64, colour string, square bool) string {
	if square {
		return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="7" height="7" fill="%s" stroke="%s"/>`, x-3.5, y-3.5, paper, colour)
	}
	return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="3.8" fill="%s"/>`, x, y, colour)
}

// decades is a logarithmic axis.
type decades struct{ low, high, from, to float64 }

func (d decades) at(v float64) float64 {
	return d.from + (math.Log10(max(v, d.low))-math.Log10(d.low))/(math.Log10(d.high)-math.Log10(d.low))*(d.to-d.from)
}

func decadesOf(values []float64, from, to float64) decades {
	low, high := math.Pow(10, math.Floor(math.Log10(slices.Min(values)))), math.Pow(10, math.Ceil(math.Log10(slices.Max(values))))
	if low == high {
		high *= 10
	}
	return decades{low, high, from, to}
}

// scale draws the last newcomer's time over the number of newcomers.
func (p *picture) scale(top float64) {
	var nodes, times []float64
	for _, r := range p.r.Runs {
		nodes = append(nodes, float64(r.Nodes))
		times = append(times, r.Last, r.Bounds.Peers, r.Bounds.Server)
	}
	h := decadesOf(nodes, timeX0-120, copyX1)
	v := decadesOf(times, top+modelHeight-110, top)
	p.text(20, top-22, `font-weight="600"`, "The same in virtual time: when the last of so many newcomers has it (hollow marks: the processes above)")
	for d := h.low; d <= h.high*1.001; d *= 10 {
		p.put(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>`, h.at(d), h.at(d), v.to, v.from, faint)
		p.text(h.at(d), v.from+18, `text-anchor="middle" font-size="12"`, strconv.FormatFloat(d, 'f', -1, 64))
	}
	for d := v.low; d <= v.high*1.001; d *= 10 {
		p.put(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s"/>`, h.from, h.to, v.at(d), v.at(d), faint)
		p.text(h.from-8, v.at(d)+4, `text-anchor="end" font-size="12"`, strconv.FormatFloat(d, 'f', -1, 64)+" s")
	}
	p.text(h.to, v.from+36, `text-anchor="end" font-size="13" opacity="0.75"`, "newcomers")
	for i, way := range []Way{Server, Peers} {
		p.scaleOf(way, h, v)
		colour, square, name := look(way)
		x, y := h.from+10+float64(190*i), v.from+36
		p.put("%s", mark(x, y-4, colour, square))
		p.text(x+10, y, `font-size="13"`, name)
	}
	p.put(`<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="1.4" stroke-dasharray="5 4"/>`, h.from+380, h.from+410, v.from+32, v.from+32, boundColour)
	p.text(h.from+418, v.from+36, `font-size="13"`, "their bounds")
}

// scaleOf draws one way's curve, its bound, and the processes beside them.
func (p *picture) scaleOf(way Way, h, v decades) {
	colour, _, _ := look(way)
	var line, bound string
	for _, r := range p.model {
		if r.Way == way {
			line += fmt.Sprintf("%.1f,%.1f ", h.at(float64(r.Nodes)), v.at(r.Last))
			bound += fmt.Sprintf("%.1f,%.1f ", h.at(float64(r.Nodes)), v.at(r.Bound()))
			p.put(`<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`, h.at(float64(r.Nodes)), v.at(r.Last), colour)
			side := 7.0
			anchor := `font-size="12"`
			if h.at(float64(r.Nodes)) > h.to-150 {
				side, anchor = -side, anchor+` text-anchor="end"`
			}
			p.text(h.at(float64(r.Nodes))+side, v.at(r.Last)-9, anchor, fmt.Sprintf("%s, %.1f copies", seconds(r.Last), r.Copies))
		}
	}
	p.put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2.2"/>`, line, colour)
	p.put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="1.4" stroke-dasharray="5 4"/>`, bound, boundColour)
	for _, r := range p.real {
		if r.Way == way {
			p.put(`<circle cx="%.1f" cy="%.1f" r="6" fill="none" stroke="%s" stroke-width="1.5"/>`, h.at(float64(r.Nodes)), v.at(r.Last), colour)
		}
	}
}
