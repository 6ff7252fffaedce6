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
)

// Progress shows how far long work has come: a bar that is redrawn on a
// terminal, a line now and then elsewhere. It is used by one goroutine.
type Progress struct {
	o     *Out
	label string
	unit  string
	now   func() time.Time
	begin time.Time
	first int64 // done at the first Update: what was there before is not our speed
	shown time.Time
	open  bool // a bar stands on the current line
	done  int64
	total int64
}

// NewProgress starts one. unit is what is counted: "blocks".
func (o *Out) NewProgress(label, unit string) *Progress {
	return &Progress{o: o, label: label, unit: unit, now: time.Now, first: -1}
}

// Update says how much is done; a total of 0 is not known yet.
func (p *Progress) Update(done, total int64, note string) {
	now := p.now()
	if p.first < 0 {
		p.first, p.begin = done, now
	}
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

func (p *Progress) draw(note string) {
	line := p.line(note)
	if !p.o.tty {
		p.o.Printf("%s\n", strings.TrimRight(line, " "))
		return
	}
	if over := visible(line) - p.o.width + 1; over > 0 && !strings.Contains(line, "\x1b") {
		line = string([]rune(line)[:p.o.width-1])
	}
	p.o.Printf("\r%s\x1b[K", line)
	p.open = true
}

// line is "label ████░░ 120/200 blocks  60%  800/s  0:01 left  note".
func (p *Progress) line(note string) string {
	var b strings.Builder
	b.WriteString(p.label + " ")
	if p.o.tty {
		b.WriteString(p.bar() + " ")
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

// rate is units a second since the first Update; 0 while it is not known.
func (p *Progress) rate() float64 {
	took := p.now().Sub(p.begin)
	if took < 100*time.Millisecond || p.done <= p.first {
		return 0
	}
	return float64(p.done-p.first) / took.Seconds()
}

// Done ends the bar's line.
func (p *Progress) Done() {
	if p.open {
		p.o.Printf("\n")
		p.open = false
	}
}
