//go:build libsecp256k1

package main

import (
	"os"
	"runtime"
)

// tuneProcessors makes one more than there are cores. A goroutine that stays in C for as long as a signature takes
// gives its processor away, and where no other is idle Go's scheduler looks for such goroutines many thousand times
// a second: with an idle one a sync takes a tenth less time. Go no longer follows then when the limit of a container
// changes.
func tuneProcessors() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
}
