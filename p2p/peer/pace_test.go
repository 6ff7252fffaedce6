package peer_test

import (
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/chain"
	"grapevine/p2p/peer"
)

func TestUploadKeepsToItsLimitOverAllConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := peer.NewLimit(100_000)
		cfg := config()
		cfg.Upload = limit
		cfg.RawBlock = func(to []byte, _ chain.Hash) ([]byte, error) { return append(to, make([]byte, 250_000)...), nil }
		var peers []*rawPeer
		begun := time.Now()
		for range 2 {
			s, lf := meet(t, true, cfg)
			s.greet()
			synctest.Wait()
			lf.SendBlock(chain.Hash{}, true)
			lf.SendBlock(chain.Hash{}, true)
			peers = append(peers, s)
		}
		asked := time.Now()
		done := make(chan bool)
		for _, s := range peers {
			go func() {
				s.await("block")
				s.await("block")
				done <- true
			}()
		}
		time.Sleep(3 * time.Second)
		peers[0].say(&wire.MsgPing{Nonce: 5}) // answered, but behind the blocks queued before it
		<-done
		<-done
		if d := time.Since(begun); d < 9800*time.Millisecond || d > 10500*time.Millisecond {
			t.Errorf("1 MB at 100 kB/s took %v (%v since it was asked for)", d, time.Since(asked))
		}
		for _, s := range peers {
			s.Close()
		}
		time.Sleep(time.Second)
	})
}

func TestDownloadKeepsToItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Download = peer.NewLimit(100_000)
		s, lf := meet(t, true, cfg)
		s.greet()
		go io.Copy(io.Discard, s)
		begun := time.Now()
		s.Write(list(25_000)) // 900 kB
		s.Close()
		<-lf.ended
		if d := time.Since(begun); len(lf.took) != 1 || d < 8800*time.Millisecond || d > 9200*time.Millisecond {
			t.Errorf("%d messages, 900 kB at 100 kB/s took %v", len(lf.took), d)
		}
	})
}

func TestALimitDoesNotHoldUpTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Upload = peer.NewLimit(10)
		cfg.RawBlock = func(to []byte, _ chain.Hash) ([]byte, error) { return append(to, make([]byte, 250_000)...), nil }
		s, lf := meet(t, true, cfg)
		s.greet()
		go io.Copy(io.Discard, s)
		lf.SendBlock(chain.Hash{}, true)
		time.Sleep(5 * time.Second)
		lf.Close(nil)
		lf.ends(t, time.Second, false)
	})
}

func TestEachPeerHasItsOwnLimitBesideTheNodes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := config()
		cfg.Upload, cfg.OwnUpload = peer.NewLimit(150_000), 100_000
		cfg.RawBlock = func(to []byte, _ chain.Hash) ([]byte, error) { return append(to, make([]byte, 500_000)...), nil }
		for n, want := range map[int]time.Duration{1: 5 * time.Second, 2: 6667 * time.Millisecond} {
			done := make(chan bool)
			begun := time.Now()
			for range n {
				s, lf := meet(t, true, cfg)
				s.greet()
				synctest.Wait()
				lf.SendBlock(chain.Hash{}, true)
				go func() {
					s.await("block")
					s.Close()
					<-lf.ended
					done <- true
				}()
			}
			for range n {
				<-done
			}
			if d := time.Since(begun); d < want-300*time.Millisecond || d > want+300*time.Millisecond {
				t.Errorf("500 kB to %d peers took %v, want %v", n, d, want)
			}
		}
	})
}

// A block goes out in one write where no limit holds it: also then only an end that takes less than
// paceBytes a minute is given up.
func TestASlowReaderIsNotGivenUp(t *testing.T) {
	for rate, stays := range map[int]bool{300: true, 200: false} {
		synctest.Test(t, func(t *testing.T) {
			cfg := config()
			cfg.RawBlock = func(to []byte, _ chain.Hash) ([]byte, error) { return append(to, make([]byte, 1<<20)...), nil }
			s, lf := meet(t, true, cfg)
			s.greet()
			lf.SendBlock(chain.Hash{}, true)
			for range 10 * 60 {
				io.ReadFull(s, make([]byte, rate))
				time.Sleep(time.Second)
			}
			select {
			case err := <-lf.ended:
				if stays {
					t.Errorf("who reads %d bytes a second was given up: %v", rate, err)
				}
			default:
				if !stays {
					t.Errorf("who reads %d bytes a second was not given up", rate)
				}
				s.Close()
				<-lf.ended
			}
		})
	}
}
