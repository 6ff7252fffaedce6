//go:build !unix

package bitcoind

import (
	"os"
	"os/exec"
)

func ownSession(*exec.Cmd) {}

func onHangup(chan<- os.Signal) {}

func privately() {}
