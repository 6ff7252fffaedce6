package archive

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"grapevine/db"
)

// written is how many bytes this process has written so far, into whatever.
func written(t testing.TB) (n int64) {
	t.Helper()
	io, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(io, []byte("wchar: "))
	if _, err := fmt.Sscanf(string(io[max(0, at):]), "wchar: %d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Bodies that come one by one are written once: a commit does not write those before it again.
func TestACommitDoesNotWriteItsNeighboursAgain(t *testing.T) {
	a, _ := open(t, db.Options{})
	rng := rand.New(rand.NewPCG(1, 1))
	const bodies, size = 40, 900_000
	var bodyBytes, fileBytes int64
	for n := range uint32(bodies) {
		body := randomBody(rng, size)
		before := written(t)
		a.SaveBody(n+1, body)
		if err := a.Flush(); err != nil {
			t.Fatal(err)
		}
		bodyBytes += size
		fileBytes += written(t) - before
	}
	t.Logf("%.2f bytes are written for each", float64(fileBytes)/float64(bodyBytes))
	if fileBytes*10 > bodyBytes*12 {
		t.Errorf("%d bytes are written for bodies of %d", fileBytes, bodyBytes)
	}
}
