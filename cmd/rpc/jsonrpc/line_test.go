package jsonrpc

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Who reads a piece now and then loses an answer by lines when others wait for its memory, and keeps it when
// nobody does.
func TestASlowReaderOfLinesIsCutWhenOthersWait(t *testing.T) {
	for name, others := range map[string]bool{"others wait": true, "nobody waits": false} {
		synctest.Test(t, func(t *testing.T) {
			b := NewBudget(8<<20, 32<<20, 15*time.Second)
			line := &Line{share: b.Begin()}
			line.share.step = lineStep
			held, first := 8<<20+free, b.Begin() // the oldest always gets what it asks for
			if err := first.Take(t.Context(), free+1); err != nil {
				t.Fatal(err)
			}
			if err := line.share.Take(t.Context(), held-1); err != nil {
				t.Fatal(err)
			}
			ours, theirs := net.Pipe()
			defer theirs.Close()
			wrote := make(chan error, 1)
			go func() {
				_, err := NewLineWriter(ours, line).Write(make([]byte, 100*pieceSize))
				ours.Close()
				line.End()
				wrote <- err
			}()
			read := make(chan struct{})
			go func() {
				defer close(read)
				piece := make([]byte, pieceSize)
				for {
					if _, err := theirs.Read(piece); err != nil {
						return
					}
					time.Sleep(time.Second)
				}
			}()
			if others {
				if err := b.Begin().Take(t.Context(), held/2); err != nil {
					t.Errorf("%s: who waited got %v", name, err)
				}
			}
			if err := <-wrote; (err != nil) != others {
				t.Errorf("%s: the writer ended with %v", name, err)
			}
			first.End()
			<-read
		})
	}
}
