package archive

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"grapevine/db"
)

// cpu is the time that this process has taken so far, the kernel's included.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// 36 MB of bodies, some in each commit. Told for each of their bytes: what is written, and what the file
// takes; and CPU, the kernel's included.
func BenchmarkStoreBodies(b *testing.B) {
	for _, c := range []struct{ size, group int }{{900_000, 1}, {900_000, 2}, {300_000, 3}, {1_500_000, 1}, {29_000, 35}, {4_000, 250}} {
		b.Run(fmt.Sprintf("%d bytes, %d in a commit", c.size, c.group), func(b *testing.B) {
			body := randomBody(rand.New(rand.NewPCG(1, 1)), c.size)
			bodies := 36_000_000 / c.size
			var wrote, long int64
			var took time.Duration
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				file, err := db.Open(b.TempDir()+"/chain.db", "chain", 1, db.Options{NoSync: true})
				if err != nil {
					b.Fatal(err)
				}
				a := Open(file, nil)
				b.StartTimer()
				before, start := written(b), cpu(b)
				for n := range uint32(bodies) {
					a.SaveBody(n+1, body)
					if int(n)%c.group == c.group-1 || int(n) == bodies-1 {
						if err := a.Flush(); err != nil {
							b.Fatal(err)
						}
					}
				}
				took += cpu(b) - start
				wrote += written(b) - before
				b.StopTimer()
				long += file.Size()
				file.Close()
				b.StartTimer()
			}
			all := float64(b.N) * float64(bodies*c.size)
			b.ReportMetric(float64(wrote)/all, "written/byte")
			b.ReportMetric(float64(long)/all, "file/byte")
			b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "cpu-ms/op")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// One body out of the file, as it is connected, and as it is served into a buffer that is used again.
func BenchmarkReadBody(b *testing.B) {
	for _, size := range []int{900_000, 300_000, 1_500_000, 29_000} {
		file, err := db.Open(b.TempDir()+"/chain.db", "chain", 1, db.Options{NoSync: true})
		if err != nil {
			b.Fatal(err)
		}
		defer file.Close()
		a := Open(file, nil)
		a.SaveBody(1, randomBody(rand.New(rand.NewPCG(1, 1)), size))
		a.SaveBody(2, randomBody(rand.New(rand.NewPCG(1, 1)), size))
		if err := a.Flush(); err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("connect %d", size), func(b *testing.B) {
			b.ReportAllocs()
			start := cpu(b)
			for b.Loop() {
				if _, err := a.Body(1); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
		var to []byte
		b.Run(fmt.Sprintf("serve %d", size), func(b *testing.B) {
			b.ReportAllocs()
			start := cpu(b)
			for b.Loop() {
				if to, err = a.AppendBody(to[:0], 1, 32); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}
