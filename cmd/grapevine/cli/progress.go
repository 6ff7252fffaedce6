package cli

import (
	"fmt"
	"strings"
	"time"
)

const (
	redrawEvery = 50 * time.Millisecond // faster than an eye follows, and cheap
	plainEvery  = 2 * time.Second       // in a log: rarely enough to be read
	barWidth    = 28                    // columns
	rateOver    = 5 * time.Second       // what is told of speed is of the last seconds
)

// Progress shows how far long work has come: a bar that is redrawn on a
// terminal; elsewhere nothing, or, if asked for (Out.Tell), a line now and then.
// It is used by one goroutine.
type Progress struct {
	o     *Out
	label string
	unit  string
	now   func() time.Time
	marks []mark // of the last seconds, oldest first
	shown time.Time
	open  bool // a bar stands on the current line
	done  int64
	total int64
}

// mark is how much was done at some time.
type mark struct {
	at   time.Time
	done int64
}

// NewProgress starts one. unit is what is counted: "blocks".
func (o *Out) NewProgress(label, unit string) *Progress {
	return &Progress{o: o, label: label, unit: unit, now: time.Now}
}

// Update says how much is done; a total of 0 is not known yet.
func (p *Progress) Update(done, total int64, note string) {
	if !p.o.tty && !p.o.tell {
		return
	}
	now := p.now()
	p.mark(mark{now, done})
	if total > 0 && done >= total && p.done >= total && !p.shown.IsZero() {
		return // that it is done has been shown
	}
	p.done, p.total = done, total
	every := plainEvery
	if p.o.tty {
		every = redrawEvery
	}
	if now.Sub(p.shown) < every && done < total {
		return
	}
	if done >= total && total > 0 && p.shown.IsZero() && !p.o.tty {
		return // it was done before there was anything to tell
	}
	p.shown = now
	p.draw(note)
}

// mark remembers the speed of the last seconds. What was there at the first
// Update is not our speed.
func (p *Progress) mark(m mark) {
	const apart = rateOver / 20
	if n := len(p.marks); n > 1 && m.at.Sub(p.marks[n-2].at) < apart {
		p.marks[n-1] = m
		return
	}
	p.marks = append(p.marks, m)
	for len(p.marks) > 2 && m.at.Sub(p.marks[1].at) >= rateOver {
		p.marks = p.marks[1:]
	}
}

func (p *Progress) draw(note string) {
	if !p.o.tty {
		p.o.Printf("%s\n", p.line("", note))
		return
	}
	// A line that is too long would scroll: the bar gives way, then the text.
	line := p.line(p.bar(), note)
	if visible(line) >= p.o.width {
		line = p.line("", note)
	}
	if over := visible(line) - p.o.width + 1; over > 0 {
		line = string([]rune(line)[:max(0, p.o.width-1)])
	}
	p.o.Printf("\r%s\x1b[K", line)
	p.open = true
}

// line is "label ████░░ 120/200 blocks  60%  800/s  0:01 left  note".
func (p *Progress) line(bar, note string) string {
	var b strings.Builder
	b.WriteString(p.label + " ")
	if bar != "" {
		b.WriteString(bar + " ")
	}
	if p.total > 0 {
		fmt.Fprintf(&b, "%s/%s %s %3d%%", Count(p.done), Count(p.total), p.unit, p.done*100/p.total)
	} else {
		fmt.Fprintf(&b, "%s %s", Count(p.done), p.unit)
	}
	if rate := p.rate(); rate > 0 {
		fmt.Fprintf(&b, "  %s/s", Count(int64(rate)))
		if left := p.total - p.done; left > 0 {
			b.WriteString("  " + Short(time.Duration(float64(left)/rate*float64(time.Second))) + " left")
		}
	}
	if note != "" && (!p.o.tty || visible(b.String())+2+visible(note) < p.o.width) {
		b.WriteString("  " + note)
	}
	return b.String()
}

func (p *Progress) bar() string {
	full := 0
	if p.total > 0 {
		full = int(min(p.done, p.total) * barWidth / p.total)
	}
	return p.o.Paint(Green, strings.Repeat("█", full)) + p.o.Paint(Dim, strings.Repeat("░", barWidth-full))
}

// rate is units a second of late; 0 while it is not known.
func (p *Progress) rate() float64 {
	const least = 100 * time.Millisecond
	first, last := p.marks[0], p.marks[len(p.marks)-1]
	if took := last.at.Sub(first.at); took >= least && last.done > first.done {
		return float64(last.done-first.done) / took.Seconds()
	}
	return 0
}

// Done ends the bar's line.
func (p *Progress) Done() {
	if p.open {
		p.o.Printf("\n")
		p.open = false
	}
}
