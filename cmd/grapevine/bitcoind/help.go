package bitcoind

import (
	"cmp"
	"slices"
	"strings"

	"grapevine/chain/policy"
)

// about is what -version, -help and -help-debug print.
func (p *program) about() string {
	var b strings.Builder
	b.WriteString("grapevine version v" + p.Version + ", as bitcoind of Bitcoin Core version v" + coreVersion + "\n")
	if p.Has("version") {
		return b.String()
	}
	b.WriteString("\nUsage:  bitcoind [options]                     Start the node\n\n")
	debug := p.Bool("help-debug", false)
	rows := options()
	slices.SortStableFunc(rows, func(a, b option) int { return cmp.Compare(a.name, b.name) })
	for _, t := range titles() {
		if t == walletDebug && !debug {
			continue
		}
		b.WriteString(string(t) + "\n\n")
		for _, o := range rows {
			if o.title == t && (debug || !o.debug) {
				b.WriteString("  -" + o.name + o.arg + "\n")
				paragraph(&b, o.text())
			}
		}
	}
	b.WriteString("Environment:\n\n  GRAPEVINE_POLICY=<release>\n")
	paragraph(&b, "Whose rules of relay hold: those of Bitcoin Core 31 or 28.1 (default: "+policy.Core31().Name+"). Under 28.1 regtest refuses time warps (BIP94) too, and checkpoints hold.")
	return b.String()
}

// text is the option's help, and why it cannot be had.
func (o option) text() string {
	switch {
	case o.refuse != "":
		return o.help + " Not supported: " + o.refuse + "."
	case o.idle != "":
		return o.help + " Changes nothing here: " + o.idle + "."
	case o.set == nil:
		return o.help + " Changes nothing in this version."
	}
	return o.help
}

const (
	helpIndent = 7
	helpWidth  = 79 // of a line
)

// paragraph breaks a text into indented lines, with an empty one after it.
func paragraph(b *strings.Builder, text string) {
	width := helpWidth - helpIndent
	at := 0
	for word := range strings.FieldsSeq(text) {
		switch {
		case at == 0:
			b.WriteString(strings.Repeat(" ", helpIndent))
		case at+1+len(word) > width:
			b.WriteString("\n" + strings.Repeat(" ", helpIndent))
			at = 0
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	b.WriteString("\n\n")
}
