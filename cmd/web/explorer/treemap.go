package explorer

import "grapevine/chain"

// treemap draws the next block: a rectangle for each chunk, as large as it is and as hot as it pays.
type treemap struct {
	Width, Height int
	Tiles         []tile
}

type tile struct {
	X, Y, W, H float64
	Heat       int
	ID         string // of the chunk's last transaction
	Txs        int
	VSize      int
	Rate       string
}

// Roomy says whether its fee rate can be written on it.
func (t tile) Roomy() bool { return t.W >= 100 && t.H >= 30 }

// Middle is where that stands.
func (t tile) Middle() (at struct{ X, Y float64 }) {
	at.X, at.Y = t.X+t.W/2, t.Y+t.H/2+5
	return at
}

const (
	mapWidth, mapHeight = 760, 300
	maxTiles            = 250 // of the chunks that pay most; a page has to stay small
)

// mapOf draws the chunks of the next block.
func mapOf(chunks []chunk) (m treemap, rest int) {
	m = treemap{Width: mapWidth, Height: mapHeight}
	var sizes []float64
	total := 0
	for _, c := range chunks {
		if total += c.VSize; total > blockVSize {
			break
		}
		if len(m.Tiles) == maxTiles {
			rest++
			continue
		}
		m.Tiles = append(m.Tiles, tile{Heat: heatOf(c.rate()), ID: last(c.ids).String(), Txs: len(c.ids), VSize: c.VSize, Rate: rateText(c.rate())})
		sizes = append(sizes, float64(max(c.VSize, 1)))
	}
	squarify(m.Tiles, sizes, area{0, 0, mapWidth, mapHeight})
	return m, rest
}

func last(ids []chain.Hash) chain.Hash { return ids[len(ids)-1] }

// area is what is left to be filled.
type area struct{ x, y, w, h float64 }

// squarify lays tiles out in rows along the shorter side, as square as they go: a row takes tiles as long
// as that makes its worst one squarer (Bruls, Huizing and van Wijk).
func squarify(tiles []tile, sizes []float64, in area) {
	var sum float64
	for _, s := range sizes {
		sum += s
	}
	for len(tiles) > 0 {
		scale := in.w * in.h / sum
		n, row := 1, sizes[0]
		for n < len(tiles) && worst(sizes[:n+1], row+sizes[n], scale, in) <= worst(sizes[:n], row, scale, in) {
			row += sizes[n]
			n++
		}
		in = lay(tiles[:n], sizes[:n], row/sum, in)
		tiles, sizes, sum = tiles[n:], sizes[n:], sum-row
	}
}

// worst is the ratio of the sides of the least square tile of a row.
func worst(sizes []float64, row, scale float64, in area) (ratio float64) {
	side := min(in.w, in.h)
	thick := row * scale / side
	for _, s := range sizes {
		long := s * scale / thick
		ratio = max(ratio, long/thick, thick/long)
	}
	return ratio
}

// lay puts a row that takes a share of the area along its shorter side, and gives what is left.
func lay(tiles []tile, sizes []float64, share float64, in area) area {
	var row float64
	for _, s := range sizes {
		row += s
	}
	x, y := in.x, in.y
	for i := range tiles {
		t := &tiles[i]
		if part := sizes[i] / row; in.w >= in.h {
			t.X, t.Y, t.W, t.H = x, y, in.w*share, in.h*part
			y += t.H
		} else {
			t.X, t.Y, t.W, t.H = x, y, in.w*part, in.h*share
			x += t.W
		}
	}
	if in.w >= in.h {
		return area{in.x + in.w*share, in.y, in.w * (1 - share), in.h}
	}
	return area{in.x, in.y + in.h*share, in.w, in.h * (1 - share)}
}
