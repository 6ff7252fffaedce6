package picture

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"

	"grapevine/testnet/model"
)

// The picture, in its own units.
const (
	picWidth, picHeight   = 880, 480
	left, right           = 70, 850 // of the plot
	top, bottom           = 104, 420
	legendX, legendY      = 520, 346
	ink, faint, paper     = "#1f2933", "#d7dce1", "#ffffff"
	blockColour, txColour = "#124e78", "#c2571a"
)

// SVG draws how blocks and transactions reached the nodes: time to the right,
// the share of nodes upwards. The lines differ in dash and mark as well as in
// colour; the shade is what eight in ten things keep within.
func SVG(w io.Writer, r *model.Result) error {
	b := bufio.NewWriter(w)
	p := &picture{w: b, end: horizon(r)}
	p.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, 'Segoe UI', Helvetica, Arial, sans-serif" font-size="14" fill="%s" role="img" aria-labelledby="title desc">`, picWidth, picHeight, ink)
	p.put(`<title id="title">%s</title>`, html.EscapeString(headline(r)))
	p.put(`<desc id="desc">%s</desc>`, html.EscapeString(inWords(r)))
	p.put(`<rect width="%d" height="%d" fill="%s"/>`, picWidth, picHeight, paper)
	p.put(`<text x="%d" y="36" font-size="20" font-weight="600">%s</text>`, left, html.EscapeString(headline(r)))
	p.put(`<text x="%d" y="60" opacity="0.75">%s</text>`, left, html.EscapeString(r.Setting()))
	p.axes()
	var lines []line
	for _, l := range [2]line{
		{"transactions", &r.Txs, txColour, `stroke-dasharray="7 5"`, square},
		{"blocks", &r.Blocks, blockColour, "", circle},
	} {
		if l.of.Items > 0 {
			p.band(l)
			p.curve(l)
			lines = append(lines, l)
		}
	}
	for i, l := range lines { // above the shades of all
		p.legend(l, i)
	}
	p.put(`</svg>`)
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	return nil
}

type picture struct {
	w   *bufio.Writer // keeps the first error for Flush
	end float64       // seconds at the right edge
}

// line is one of the two curves.
type line struct {
	name   string
	of     *model.Spread
	colour string
	dash   string
	mark   func(x, y float64, colour string) string
}

func (p *picture) put(format string, args ...any) { fmt.Fprintf(p.w, format+"\n", args...) }

func (p *picture) x(seconds float64) float64 {
	return left + min(seconds/p.end, 1)*(right-left)
}

func (p *picture) y(percent int) float64 { return bottom - float64(percent)/100*(bottom-top) }

// axes draws the frame: percent of nodes at the left, seconds below.
func (p *picture) axes() {
	for percent := 0; percent <= 100; percent += 25 {
		y := p.y(percent)
		p.put(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s"/>`, left, right, y, y, faint)
		p.put(`<text x="%d" y="%.1f" text-anchor="end">%d %%</text>`, left-10, y+5, percent)
	}
	p.put(`<text x="%d" y="%d" font-size="13" opacity="0.75">of the nodes have it (line: the middle; shade: eight in ten)</text>`, left, top-12)
	step := tick(p.end)
	for i := 0; float64(i)*step <= p.end*1.0001; i++ {
		x := p.x(float64(i) * step)
		p.put(`<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s"/>`, x, x, bottom, bottom+6, ink)
		p.put(`<text x="%.1f" y="%d" text-anchor="middle">%s</text>`, x, bottom+24, strconv.FormatFloat(float64(i)*step, 'g', 4, 64))
	}
	p.put(`<line x1="%d" x2="%d" y1="%d" y2="%d" stroke="%s"/>`, left, right, bottom, bottom, ink)
	p.put(`<text x="%d" y="%d" text-anchor="end" font-size="13" opacity="0.75">seconds after it was made</text>`, right, bottom+46)
}

// band is what eight in ten things keep within.
func (p *picture) band(l line) {
	var points []string
	for q := 0; q <= 100; q++ {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(l.of.Curve[q][0]), p.y(q)))
	}
	for q := 100; q >= 0; q-- {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(l.of.Curve[q][2]), p.y(q)))
	}
	p.put(`<polygon points="%s" fill="%s" opacity="0.13"/>`, strings.Join(points, " "), l.colour)
}

func (p *picture) curve(l line) {
	var points []string
	for q := range l.of.Curve {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(l.of.Curve[q][1]), p.y(q)))
	}
	p.put(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2.5" stroke-linejoin="round" %s/>`, strings.Join(points, " "), l.colour, l.dash)
	for _, q := range [3]int{50, 90, 100} {
		p.put("%s", l.mark(p.x(l.of.Curve[q][1]), p.y(q), l.colour))
	}
}

// legend says in numbers what the line shows; it stands where curves do not go.
func (p *picture) legend(l line, n int) {
	y := float64(legendY + 40*n)
	p.put(`<rect x="%d" y="%.1f" width="330" height="40" fill="%s" opacity="0.85"/>`, legendX-8, y-16, paper)
	p.put(`<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" stroke="%s" stroke-width="2.5" %s/>`, legendX, legendX+46, y-5, y-5, l.colour, l.dash)
	p.put("%s", l.mark(legendX+23, y-5, l.colour))
	p.put(`<text x="%d" y="%.1f" font-weight="600">%s</text>`, legendX+56, y, l.name)
	p.put(`<text x="%d" y="%.1f" font-size="13">half %s · 90 %% %s · last node %s</text>`, legendX+56, y+17,
		seconds(l.of.P50), seconds(l.of.P90), seconds(l.of.Last))
}

func circle(x, y float64, colour string) string {
	return fmt.Sprintf(`<circle cx="%.1f" cy="%.1f" r="4.5" fill="%s"/>`, x, y, colour)
}

func square(x, y float64, colour string) string {
	return fmt.Sprintf(`<rect x="%.1f" y="%.1f" width="8" height="8" fill="%s" stroke="%s" stroke-width="2"/>`, x-4, y-4, paper, colour)
}

func seconds(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.1f s", s)
}

// horizon is where the time axis ends: a little after the last node has it.
func horizon(r *model.Result) float64 {
	return max(r.Blocks.Curve[100][2], r.Txs.Curve[100][2], r.Blocks.Last, r.Txs.Last, 0.01) * 1.06
}

// tick is a round step of which six to twelve fit.
func tick(end float64) float64 {
	raw := end / 10
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range [3]float64{1, 2, 5} {
		if m*unit >= raw {
			return m * unit
		}
	}
	return 10 * unit
}

func headline(r *model.Result) string {
	return fmt.Sprintf("How news travels between %d nodes", r.Config.Nodes)
}

// inWords is the picture for those who cannot see it.
func inWords(r *model.Result) string {
	return fmt.Sprintf("A block reaches half of the nodes after %s and the last after %s; a transaction after %s and %s.",
		seconds(r.Blocks.P50), seconds(r.Blocks.Last), seconds(r.Txs.P50), seconds(r.Txs.Last))
}
