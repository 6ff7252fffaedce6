package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"math"
	"path/filepath"
)

func setMockTime(s *setup) error {
	at := s.Int("mocktime", 0)
	switch {
	case at == 0:
		return nil
	case !s.cfg.Params.Local():
		return errors.New("-mocktime is for regression testing (-regtest mode) only")
	case at < 0 || at > math.MaxUint32: // the last second that a block's header can count
		return errors.New("-mocktime must be in the range [0, 4294967295]")
	}
	s.cfg.MockTime = at
	return nil
}

// command is an option's command; "" when it is switched off.
func (s *setup) command(name string) string {
	if s.Negated(name) {
		return ""
	}
	return s.String(name, "")
}

func setStartupCommand(s *setup) error {
	s.cfg.Commands.Started = s.command("startupnotify")
	return nil
}

func setShutdownCommands(s *setup) error {
	if !s.Negated("shutdownnotify") {
		s.cfg.Commands.Stopping = s.List("shutdownnotify")
	}
	return nil
}

func setBlockCommand(s *setup) error {
	s.cfg.Commands.Block = s.command("blocknotify")
	return nil
}

func setAlertCommand(s *setup) error {
	s.cfg.Commands.Alert = s.command("alertnotify")
	return nil
}

func setCapture(s *setup) error {
	if s.Bool("capturemessages", false) {
		s.cfg.CaptureDir = filepath.Join(s.NetDir(), "message_capture")
	}
	return nil
}

func setWalletCommand(s *setup) error {
	s.cfg.Commands.Wallet = s.command("walletnotify")
	return nil
}
