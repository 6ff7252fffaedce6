package script

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// questions is how many questions a twin puts: few, all with GRAPEVINE_FULL,
// or what GRAPEVINE_TEST_SIGNATURES says.
func questions(t testing.TB, all int) int {
	s := os.Getenv("GRAPEVINE_TEST_SIGNATURES")
	if s == "" {
		return part(all, 10)
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// chunk is a part of a twin's questions. What is in it depends on its number
// alone, not on the machine's cores, so that a failure can be repeated.
type chunk struct {
	*rand.Rand
	number int
	size   int
	count  tally
}

func newChunk(number, size int) *chunk {
	return &chunk{rand.New(rand.NewPCG(uint64(number), 1)), number, size, tally{}}
}

// chunkSize is how many questions one worker takes at a time.
const chunkSize = 500

// inChunks puts n questions with all cores, and adds up what the chunks count.
// A long run says after each fiftieth of it how far it is, with the counts so far.
func inChunks(t *testing.T, n int, ask func(*chunk) error) tally {
	t.Helper()
	numbers := make(chan int, (n+chunkSize-1)/chunkSize)
	for i := range cap(numbers) {
		numbers <- i
	}
	close(numbers)
	var mu sync.Mutex // guards sum, done and failed
	sum, done, failed := tally{}, 0, false
	step := max(n/50, 100_000)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for i := range numbers {
				c := newChunk(i, min(chunkSize, n-i*chunkSize))
				err := ask(c)
				mu.Lock()
				if err != nil && !failed {
					t.Errorf("chunk %d: %v", i, err)
				}
				failed = failed || err != nil
				over := failed
				sum.add(c.count)
				done += c.size
				if done/step > (done-c.size)/step && done < n {
					t.Logf("%d of %d asked, verdicts by kind: %v", done, n, sum)
				}
				mu.Unlock()
				if over {
					return
				}
			}
		})
	}
	workers.Wait()
	return sum
}

// fill makes random bytes.
func (c *chunk) fill(b []byte) []byte {
	for i := range b {
		b[i] = byte(c.Uint32())
	}
	return b
}

// flip changes one bit.
func (c *chunk) flip(b []byte) { b[c.IntN(len(b))] ^= 1 << c.IntN(8) }

// coin is true as often as not.
func (c *chunk) coin() bool { return c.IntN(2) == 0 }

// tally counts verdicts: a row for each kind of question, a column for each
// verdict.
type tally map[string][3]int

func (t tally) note(row string, column int) {
	counts := t[row]
	counts[column]++
	t[row] = counts
}

func (t tally) add(other tally) {
	for row, counts := range other {
		sum := t[row]
		for i, n := range counts {
			sum[i] += n
		}
		t[row] = sum
	}
}

// table prints the rows in the order of their names.
func (t tally) table(columns string, rows []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-34s%s\n", "", columns)
	for _, row := range rows {
		fmt.Fprintf(&b, "%-34s", row)
		for i := range len(strings.Fields(columns)) {
			fmt.Fprintf(&b, "%10d", t[row][i])
		}
		b.WriteByte('\n')
	}
	return b.String()
}
