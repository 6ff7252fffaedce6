package explorer

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/btcsuite/btcd/btcutil/v2"
)

const (
	// maxQuoted is how much of what somebody has asked is said back to him.
	maxQuoted = 80
	// maxScript is how many characters of a script or witness item a page shows.
	maxScript = 1200
	// maxNumber is the largest number that stands for a height or a page.
	maxNumber = math.MaxInt32
)

// clip cuts a text and says how much is left out.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "… (" + strconv.Itoa(len(s)-most) + " more characters)"
}

// said is what somebody has asked, as it is said back to him.
func said(s string) string { return clip(printable([]byte(s)), maxQuoted) }

// hidden stands for what is not shown.
const hidden = '·'

// printable is what a stranger wrote into a coinbase or a name, as text: control characters, marks that
// turn the direction of writing and whatever shows nothing become a middle dot.
func printable(raw []byte) string {
	var b strings.Builder
	for len(raw) > 0 {
		r, n := utf8.DecodeRune(raw)
		if r == utf8.RuneError && n == 1 || !unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Mn, r) {
			r = hidden
		}
		b.WriteRune(r)
		raw = raw[n:]
	}
	return b.String()
}

// minWord is how many characters in a row make text of bytes that may be anything.
const minWord = 4

// legible is what a reader would call text in bytes that may be anything: runs of printable characters, half of them
// letters, digits and spaces at least; "" where there are none.
func legible(raw []byte) string {
	var runs []string
	for _, run := range strings.FieldsFunc(printable(raw), func(r rune) bool { return r == hidden || r > unicode.MaxASCII && !unicode.IsLetter(r) }) {
		plain, all := 0, 0
		for _, r := range run {
			if all++; unicode.IsLetter(r) || unicode.IsDigit(r) || r == ' ' {
				plain++
			}
		}
		if all >= minWord && 2*plain >= all {
			runs = append(runs, strings.TrimSpace(run))
		}
	}
	return strings.Join(runs, " ")
}

// feeRate is satoshis a virtual byte, with two decimals.
func feeRate(fee btcutil.Amount, vsize int) string {
	if vsize <= 0 {
		return "0.00"
	}
	return strconv.FormatFloat(float64(fee)/float64(vsize), 'f', 2, 64)
}

// parseHeight reads digits up to maxNumber.
func parseHeight(s string) (int, bool) {
	n, err := strconv.ParseUint(s, 10, 31)
	return int(n), err == nil
}
