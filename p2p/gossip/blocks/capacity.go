package blocks

import "time"

// capacity is how many more blocks the source may be asked for now. Nobody holds
// more than a quarter of its share of what is left, so that all are done at the
// same time, whatever the sizes turn out to be. A pipe that is three quarters
// full is left alone, so that small blocks are asked in batches.
func (f *Fetcher) capacity(p *Source, left int) int {
	if f.Even {
		return f.affordable(minFlights - len(p.flights))
	}
	if f.overdue(p) {
		return 0
	}
	size := f.size.guess()
	limit := min(max(f.pipe(p)/size, 1), f.flightsAllowed(p, left), maxFlights)
	part := 4 // of the pipe must be free before more is asked
	switch {
	case f.little(left):
		part = 2
	case f.useful > 1:
		limit = min(limit, 1+(left+f.count)/(4*f.useful))
	}
	free := limit - len(p.flights)
	if len(p.flights) > 0 && free < (limit+part-1)/part {
		return 0
	}
	return f.affordable(free)
}

// left is how many blocks of the route may be missing.
func (f *Fetcher) left() int { return len(f.route.path) - f.route.cursor }

// little says whether so little is missing, left blocks and those in flight, that among many
// sources to share it out would take more messages than it has blocks: neither is it asked for in
// small pieces, nor is each piece told to all.
func (f *Fetcher) little(left int) bool {
	return f.useful > haveFew && f.size.known && (left+f.count)*f.size.guess() <= littleLeft
}

// affordable is how many of so many more blocks there is memory for; one by itself
// always is.
func (f *Fetcher) affordable(blocks int) int {
	size := f.size.guess()
	if held := f.held + f.count*size; held+blocks*size > maxHeld {
		blocks = (maxHeld - held) / size
		if blocks <= 0 && held == 0 {
			blocks = 1
		}
	}
	return blocks
}

// flightsAllowed is how many blocks may be asked from a source, large or small.
// It grows with every delivery; but as long as newcomers share the work it is
// kept to twice what the line holds: sizes may jump, and what was asked for
// cannot be taken back.
func (f *Fetcher) flightsAllowed(p *Source, left int) int {
	switch {
	case f.little(left):
	case f.shuffling():
		return shuffleFlights
	case f.have.newcomers > 0:
		n := max(swarmFlights, int(2*f.rateOf(p)*p.RTT.Seconds())/f.size.guess())
		if f.takesTurns(p) { // of small blocks many come at a turn
			n = max(n, min(f.turns.quarter(), p.grown))
		}
		return n
	}
	return max(minFlights, p.grown)
}

// overdue says whether what comes next from the source takes much longer than
// the size of blocks so far explains: then it is large, and so may the next be.
func (f *Fetcher) overdue(p *Source) bool {
	usual := p.RTT + f.takes(f.rateOf(p))
	return len(p.flights) > 0 && f.now.Sub(p.headAt) > overdueAfter+4*usual
}

// pipe is how many bytes may be asked from a source and be on their way: twice
// what its line holds.
func (f *Fetcher) pipe(p *Source) int {
	return min(max(int(2*p.rate.perSecond(0)*p.RTT.Seconds()), minPipe), maxPipe)
}

// takes is the time that a block needs at a rate, an hour at most.
func (f *Fetcher) takes(rate float64) time.Duration {
	return time.Duration(min(float64(f.size.guess())/rate, 3600) * float64(time.Second))
}

// rateOf is the source's speed, or that of all before it has delivered.
func (f *Fetcher) rateOf(p *Source) float64 {
	return p.rate.perSecond(f.total.perSecond(guessedRate))
}

// rate is a peer's speed: bytes over the time it was busy, the older half
// forgotten again and again.
type rate struct {
	bytes float64
	busy  time.Duration
}

func (r *rate) add(bytes int, busy time.Duration) {
	r.bytes += float64(bytes)
	r.busy += busy
	if r.busy > rateMemory {
		r.bytes, r.busy = r.bytes/2, r.busy/2
	}
}

// perSecond is the speed in bytes per second, or the guess before anything is
// known.
func (r *rate) perSecond(guess float64) float64 {
	if r.bytes == 0 {
		return guess
	}
	return r.bytes / max(r.busy, time.Millisecond).Seconds()
}

// blockSize follows the size of blocks: up at once, for to ask for too much is
// worse than to ask again, and down slowly.
type blockSize struct {
	known bool
	mean  float64
}

func (b *blockSize) add(size int) {
	if x := float64(size); !b.known || x > b.mean {
		b.known, b.mean = true, x
	} else {
		b.mean += (x - b.mean) / 64
	}
}

// guess is the size of the next block in bytes.
func (b *blockSize) guess() int {
	if !b.known {
		return guessedBlock
	}
	return max(int(b.mean), 100)
}
