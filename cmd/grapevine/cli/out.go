package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	xterm "golang.org/x/term"
)

// plainWidth is the width of a line where there is no terminal to ask.
const plainWidth = 80

// Out is where a command writes for people.
type Out struct {
	io.Writer
	failed atomic.Pointer[error] // the first write that did not succeed
	tty    bool
	tell   bool // progress although nobody watches
	colour bool
	width  int // columns
}

// NewOut asks what w is. env is os.Getenv, or a test's own.
func NewOut(w io.Writer, env func(string) string) *Out {
	o := Plain(w)
	f, ok := w.(*os.File)
	if !ok || !xterm.IsTerminal(int(f.Fd())) {
		return o
	}
	o.tty = true
	if width, _, err := xterm.GetSize(int(f.Fd())); err == nil && width > 0 {
		o.width = width
	}
	o.colour = env("NO_COLOR") == "" && env("TERM") != "dumb"
	return o
}

// Plain is an Out without colour or redrawing.
func Plain(w io.Writer) *Out { return &Out{Writer: w, width: plainWidth} }

// TTY is whether somebody watches: bars may be redrawn.
func (o *Out) TTY() bool { return o.tty }

// Tell lets progress be written, a line now and then, also where no terminal is.
func (o *Out) Tell() { o.tell = true }

// Width is in columns.
func (o *Out) Width() int { return o.width }

// Printf writes. What cannot be written is noticed at the end, see Failed.
func (o *Out) Printf(format string, args ...any) { fmt.Fprintf(o, format, args...) }

// Write keeps in mind that it failed.
func (o *Out) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		o.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Failed is why something was not written: a full disk, a reader that is gone.
func (o *Out) Failed() error {
	if err := o.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// Colour is an SGR code.
type Colour string

const (
	Bold   Colour = "1"
	Dim    Colour = "2"
	Red    Colour = "31"
	Green  Colour = "32"
	Yellow Colour = "33"
	Cyan   Colour = "36"
)

// Paint is s in a colour, or s alone where there is none.
func (o *Out) Paint(c Colour, s string) string {
	if !o.colour || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// visible is how many columns s takes, escape codes apart. Every rune that
// this program writes is one column wide.
func visible(s string) int {
	n := utf8.RuneCountInString(s)
	for {
		i := strings.IndexByte(s, '\x1b')
		if i < 0 {
			return n
		}
		j := strings.IndexByte(s[i:], 'm')
		if j < 0 {
			return n
		}
		n -= j + 1
		s = s[i+j+1:]
	}
}

// Wrap breaks text into lines of at most width columns, each after indent.
// Line breaks in the text stay.
func Wrap(text, indent string, width int) string {
	var b strings.Builder
	for _, para := range strings.Split(text, "\n") {
		col := 0
		for _, word := range strings.Fields(para) {
			n := visible(word)
			switch {
			case col == 0:
				b.WriteString(indent)
				col = visible(indent)
			case col+1+n > width:
				b.WriteString("\n" + indent)
				col = visible(indent)
			default:
				b.WriteByte(' ')
				col++
			}
			b.WriteString(word)
			col += n
		}
		b.WriteByte('\n')
	}
	return b.String()
}
