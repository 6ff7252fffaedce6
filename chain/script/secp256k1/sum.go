package secp256k1

import "github.com/btcsuite/btcd/btcec/v2"

// Term is a product in a sum: By times a point.
type Term struct {
	Point Affine
	By    btcec.ModNScalar
}

// row is the digits of one number in a sum, and the table that they pick from.
type row struct {
	digits
	table  int  // its place among the tables
	lambda bool // of the table's points times λ
}

// usualTerms are those of sixteen signatures, two each.
const usualTerms = 32

// SumOf is u·G and all terms together, in one pass over shared doublings (Strauss). A
// number of at most 129 bits, or less the order, costs half of what others do. It is not ok
// if a number could not be split into short halves, of which none is known.
func SumOf(u *btcec.ModNScalar, terms []Term) (sum Point, ok bool) {
	var tableRoom [usualTerms]multiples // on the stack: what is thrown away each time costs a tenth
	var rowRoom [2 * usualTerms]row
	tables, rows := tableRoom[:0], rowRoom[:0]
	for i := range terms {
		tables = append(tables, multiples{})
		tables[i].set(&terms[i].Point)
	}
	level(tables)
	n := 0
	add := func(s short, r row) {
		rows = append(rows, r)
		n = max(n, rows[len(rows)-1].write(s, keyWidth))
	}
	for i := range terms {
		if s, ok := shortOf(&terms[i].By); ok {
			add(s, row{table: i})
			continue
		}
		k1, k2 := split(&terms[i].By)
		s1, ok1 := shortOf(&k1)
		s2, ok2 := shortOf(&k2)
		if !ok1 || !ok2 {
			return sum, false
		}
		add(s1, row{table: i})
		add(s2, row{table: i, lambda: true})
	}
	return addUp(u, tables, rows, n), true
}

// addUp is u·G and what the first n digits of the rows say.
func addUp(u *btcec.ModNScalar, tables []multiples, rows []row, n int) (sum Point) {
	var low, high digits
	lower, upper := halves(u)
	n = max(n, low.write(lower, baseWidth), high.write(upper, baseWidth))
	g, b1 := generator(), beta()
	var p Affine
	for i := n - 1; i >= 0; i-- {
		sum.double()
		for j := range rows {
			r := &rows[j]
			d := r.digits[i]
			if d == 0 {
				continue
			}
			p.pick(tables[r.table].points[:], d)
			if r.lambda {
				p.X.Mul(&p.X, &b1)
			}
			sum.add(&p, nil)
		}
		if d := low[i]; d != 0 {
			p.pick(g.low[:], d)
			sum.add(&p, nil)
		}
		if d := high[i]; d != 0 {
			p.pick(g.high[:], d)
			sum.add(&p, nil)
		}
	}
	return sum
}

// level gives all tables a Z of 1, with one inversion for all of them.
func level(tables []multiples) {
	var room [usualTerms]Field
	before := append(room[:0], make([]Field, len(tables))...) // the product of the Z before each
	product := Field{1}
	for i := range tables {
		before[i] = product
		product.Mul(&product, &tables[i].z)
	}
	var after, f, f2, f3 Field // after: one over the product of the Z up to i
	after.Inverse(&product)
	for i := len(tables) - 1; i >= 0; i-- {
		t := &tables[i]
		f.Mul(&after, &before[i])
		after.Mul(&after, &t.z)
		f2.Square(&f)
		f3.Mul(&f2, &f)
		for k := range t.points {
			t.points[k].X.Mul(&t.points[k].X, &f2)
			t.points[k].Y.Mul(&t.points[k].Y, &f3)
		}
		t.z = Field{1}
	}
}
