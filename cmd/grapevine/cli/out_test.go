package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

func TestTableLinesUpWithColours(t *testing.T) {
	var b bytes.Buffer
	o := &Out{Writer: &b, colour: true, width: 80}
	tab := NewTable("name", ">n")
	tab.Row(o.Paint(Red, "a"), "1")
	tab.Row("longer", "1,000")
	tab.Write(o, "  ")
	want := "  \x1b[2mname\x1b[0m        \x1b[2mn\x1b[0m\n" +
		"  \x1b[31ma\x1b[0m           1\n" +
		"  longer  1,000\n"
	if b.String() != want {
		t.Errorf("got\n%q\nwant\n%q", b.String(), want)
	}
}

func TestPipesGetNoEscapeCodes(t *testing.T) {
	var b bytes.Buffer
	o := NewOut(&b, func(string) string { return "" })
	tab := NewTable("x")
	tab.Row(o.Paint(Green, "y"))
	tab.Write(o, "")
	p := o.NewProgress("sync", "blocks")
	for i := range int64(11) {
		p.Update(i, 10, "")
	}
	p.Done()
	if strings.ContainsAny(b.String(), "\x1b\r") {
		t.Errorf("%q", b.String())
	}
}

func TestProgressRedrawsOnATerminalAndElsewhereTellsOnlyIfAsked(t *testing.T) {
	clock := time.Unix(0, 0)
	run := func(tty, tell bool) string {
		var b bytes.Buffer
		o := &Out{Writer: &b, tty: tty, tell: tell, width: 100}
		p := o.NewProgress("sync", "blocks")
		p.now = func() time.Time { return clock }
		for i := range int64(101) {
			p.Update(i, 100, "")
			clock = clock.Add(100 * time.Millisecond)
		}
		for range 30 { // what is done may be told again and again
			p.Update(100, 100, "")
			clock = clock.Add(100 * time.Millisecond)
		}
		p.Done()
		return b.String()
	}
	bar := run(true, false)
	if n := strings.Count(bar, "\r"); n != 101 {
		t.Errorf("redrawn %d times, want 101", n)
	}
	if !strings.HasSuffix(bar, "100/100 blocks 100%  10/s\x1b[K\n") {
		t.Errorf("ends with %q", bar[len(bar)-60:])
	}
	plain := strings.Split(strings.TrimSpace(run(false, true)), "\n")
	if len(plain) != 6 { // 10 s, a line each 2 s, and the end
		t.Errorf("%d lines: %q", len(plain), plain)
	}
	if silent := run(false, false); silent != "" {
		t.Errorf("nobody asked, and it says %q", silent)
	}
	if want := "sync 20/100 blocks  20%  10/s  8.0 s left"; plain[1] != want {
		t.Errorf("got %q, want %q", plain[1], want)
	}
}

func TestUnitsReadAsPeopleSayThem(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{Count(0), "0"}, {Count(999), "999"}, {Count(1000), "1,000"}, {Count(-1234567), "-1,234,567"},
		{Bytes(5), "5 B"}, {Bytes(1536), "1.5 KiB"}, {Bytes(3 << 20), "3.0 MiB"}, {Bytes(5 << 30), "5.00 GiB"},
		{Short(300 * time.Microsecond), "0.3 ms"}, {Short(42 * time.Millisecond), "42 ms"}, {Short(4200 * time.Millisecond), "4.2 s"},
		{Short(187 * time.Second), "3:07"}, {Short(125 * time.Minute), "2 h 05 min"}, {Short(216 * time.Hour), "9 days"},
		{Plural(1, "block"), "1 block"}, {Plural(2, "block"), "2 blocks"},
		{Ago(time.Unix(100, 0), time.Unix(40, 0)), "1:00 ago"}, {Ago(time.Unix(100, 0), time.Unix(100, 0)), "just now"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestWrapKeepsWordsWhole(t *testing.T) {
	got := Wrap("one two three four\nfive", "  ", 11)
	want := "  one two\n  three\n  four\n  five\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Help is read on narrow terminals too: its sentences are broken between words, its examples not.
func TestSentencesOfHelpFitTheTerminal(t *testing.T) {
	text := "One two three four five,\nsix seven.\nShort.\n\n  $ an example that is longer than the line\n\nShort again."
	for _, c := range []struct {
		o    *Out
		want string
	}{
		{&Out{tty: true, width: 12}, "One two\nthree four\nfive, six\nseven.\nShort.\n\n  $ an example that is longer than the line\n\nShort again."},
		{&Out{tty: true, width: 24}, text},
		{&Out{width: 12}, text},
	} {
		if got := prose(c.o, text); got != c.want {
			t.Errorf("%+v:\n%s", c.o, got)
		}
	}
}

// Nothing is as long as a narrow terminal's line: it would scroll, or be broken
// where nobody can read it.
func TestNarrowTerminalIsNeverOverrun(t *testing.T) {
	for _, width := range []int{20, 40, 60, 80, 200} {
		var b bytes.Buffer
		o := &Out{Writer: &b, tty: true, colour: true, width: width}
		clock := time.Unix(0, 0)
		p := o.NewProgress("node 12", "blocks")
		p.now = func() time.Time { return clock }
		for i := range int64(50) {
			p.Update(i*10_000, 1_000_000, "from 0: 1,234 · 1: 5,678 · 2: 9,012")
			clock = clock.Add(time.Second)
		}
		tab := NewTable("when", ">BTC", "txid", "to")
		tab.Row("2026-11-29 11:00:00", o.Paint(Green, "+1.5"), strings.Repeat("a", 64), "label")
		b.WriteString("\n")
		tab.Write(o, "")
		for _, line := range strings.FieldsFunc(b.String(), func(r rune) bool { return r == '\r' || r == '\n' }) {
			line = strings.ReplaceAll(line, "\x1b[K", "")
			if n := visible(line); n >= max(width, 64+8) || n >= width && strings.Contains(line, "node 12") {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
			if strings.Count(line, "\x1b[")%2 != 0 {
				t.Errorf("a colour is not closed: %q", line)
			}
		}
	}
	var pipe bytes.Buffer
	tab := NewTable("txid", "to")
	tab.Row(strings.Repeat("a", 64), strings.Repeat("b", 62))
	tab.Write(Plain(&pipe), "")
	if strings.Count(pipe.String(), "\n") != 2 || !strings.Contains(pipe.String(), strings.Repeat("b", 62)) {
		t.Errorf("piped: %s", pipe.String())
	}
}

// What is left is told from the speed of the last seconds: a slow beginning is
// forgotten.
func TestTimeLeftForgetsASlowBeginning(t *testing.T) {
	clock := time.Unix(0, 0)
	p := (&Out{Writer: io.Discard, tty: true, width: 200}).NewProgress("sync", "blocks")
	p.now = func() time.Time { return clock }
	for range 600 {
		p.Update(0, 1000, "")
		clock = clock.Add(100 * time.Millisecond)
	}
	left := int64(1000)
	for ; left > 0; left -= 10 {
		p.Update(1000-left, 1000, "")
		clock = clock.Add(100 * time.Millisecond)
		if left == 400 {
			if line := p.line("", ""); !strings.Contains(line, "100/s  4.0 s left") {
				t.Errorf("after a minute of nothing: %q", line)
			}
		}
	}
}

func TestWhatStrangersSayIsCutAndWhatTheNodeSaysIsNot(t *testing.T) {
	said := strings.Repeat("words ", 200) + "\x1b[31m"
	if got := Printable(said); len([]rune(got)) != 80 || !strings.HasSuffix(got, "…") {
		t.Errorf("%q", got)
	}
	if got := Sentences(said); got != strings.Repeat("words ", 200)+"?[31m" {
		t.Errorf("%q", got)
	}
	if got := Sentences(strings.Repeat("x", 1<<20)); len([]rune(got)) != 8192 {
		t.Errorf("%d letters", len(got))
	}
}
