package cli

import (
	"strings"
)

// Table collects rows and writes them in columns. Columns whose head starts
// with ">" are flushed right, as numbers should be.
type Table struct {
	head  []string
	right []bool
	rows  [][]string
}

// NewTable names the columns.
func NewTable(head ...string) *Table {
	t := &Table{}
	for _, h := range head {
		name, right := strings.CutPrefix(h, ">")
		t.head = append(t.head, name)
		t.right = append(t.right, right)
	}
	return t
}

// Row adds a row; missing cells are empty.
func (t *Table) Row(cells ...string) {
	row := make([]string, len(t.head))
	copy(row, cells)
	t.rows = append(t.rows, row)
}

// Write prints the table, each line after indent, the head dimmed.
func (t *Table) Write(o *Out, indent string) {
	width := make([]int, len(t.head))
	for i, h := range t.head {
		width[i] = visible(h)
		for _, r := range t.rows {
			width[i] = max(width[i], visible(r[i]))
		}
	}
	full := visible(indent) + 2*(len(width)-1)
	for _, w := range width {
		full += w
	}
	if o.tty && full > o.width && len(t.rows) > 0 {
		t.stack(o, indent)
		return
	}
	o.Printf("%s%s\n", indent, t.line(o, width, t.head, Dim))
	for _, r := range t.rows {
		o.Printf("%s%s\n", indent, t.line(o, width, r, ""))
	}
}

// stack writes each row as lines of name and value, where a terminal is too
// narrow for columns: a line that is broken by the terminal cannot be read, and
// one that is cut lies.
func (t *Table) stack(o *Out, indent string) {
	for i, r := range t.rows {
		if i > 0 {
			o.Printf("\n")
		}
		pairs := make([][2]string, len(r))
		for k, cell := range r {
			pairs[k] = [2]string{t.head[k], cell}
		}
		Pairs(o, indent, pairs...)
	}
}

func (t *Table) line(o *Out, width []int, cells []string, c Colour) string {
	var b strings.Builder
	for i, cell := range cells {
		gap := strings.Repeat(" ", width[i]-visible(cell))
		if c != "" {
			cell = o.Paint(c, cell)
		}
		if i > 0 {
			b.WriteString("  ")
		}
		if t.right[i] {
			b.WriteString(gap + cell)
		} else {
			b.WriteString(cell + gap)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// Pairs writes "name  value" lines, the names dimmed and in one column. A pair
// with an empty value is left out.
func Pairs(o *Out, indent string, pairs ...[2]string) {
	width := 0
	for _, p := range pairs {
		width = max(width, visible(p[0]))
	}
	for _, p := range pairs {
		if p[1] != "" {
			o.Printf("%s%s%s  %s\n", indent, o.Paint(Dim, p[0]), strings.Repeat(" ", width-visible(p[0])), p[1])
		}
	}
}
