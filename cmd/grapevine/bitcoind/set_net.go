package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"grapevine/p2p"
)

const (
	// commentChars may stand in a comment of the user agent [SAFE_CHARS_UA_COMMENT].
	commentChars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 .,;-_?@"
	// maxAgent bounds the user agent [MAX_SUBVERSION_LENGTH].
	maxAgent = 256
	// coreVersion is the release of Bitcoin Core that clients take this node for.
	coreVersion = "31.0.0"
)

// setAgent makes the user agent, with the comments of -uacomment (BIP14).
func (s *setup) setAgent() error {
	comments := s.List("uacomment")
	for _, c := range comments {
		if strings.Trim(c, commentChars) != "" {
			return fmt.Errorf("User Agent comment (%s) contains unsafe characters.", c)
		}
	}
	said := ""
	if len(comments) > 0 {
		said = "(" + strings.Join(comments, "; ") + ")"
	}
	s.cfg.UserAgent = "/Satoshi:" + coreVersion + "/grapevine:" + s.cfg.Version + said + "/"
	if n := len(s.cfg.UserAgent); n > maxAgent {
		return fmt.Errorf("Total length of network version string (%d) exceeds maximum length (%d). Reduce the number or size of uacomments.", n, maxAgent)
	}
	return nil
}

func setConnect(s *setup) error {
	if s.off("connect") {
		s.cfg.DialNobody = true
		return nil
	}
	for _, at := range s.List("connect") {
		if at == "0" {
			s.cfg.DialNobody = true
			continue
		}
		s.cfg.DialNobody = true // else, if none is an address, the node would choose
		if s.address("connect", at) {
			s.cfg.Connect = append(s.cfg.Connect, at)
		}
	}
	return nil
}

func setAddNode(s *setup) error {
	for _, at := range s.List("addnode") {
		if s.address("addnode", at) {
			s.cfg.AddNode = append(s.cfg.AddNode, at)
		}
	}
	return nil
}

// address says whether a peer can be called so. One that cannot is noted in the
// log, as Core notes it when it dials.
func (s *setup) address(option, at string) bool {
	_, err := p2p.ParseHostPort(at, p2p.DefaultPort(s.cfg.Params))
	if err != nil {
		s.Notes = append(s.Notes, fmt.Sprintf("Cannot resolve -%s address: '%s'", option, at))
	}
	return err == nil
}

func setMaxConnections(s *setup) error {
	s.cfg.MaxPeers = int(max(1, s.Int("maxconnections", 0)))
	return nil
}

func setUploadTarget(s *setup) error {
	text := s.String("maxuploadtarget", "0M")
	n, ok := byteUnits(text, 'M')
	if !ok {
		return fmt.Errorf("Unable to parse -maxuploadtarget: '%s'", text)
	}
	s.cfg.UploadTarget = n
	return nil
}

// byteUnits reads a number of bytes with its unit, which is the usual one where none
// stands: small letters count in thousands, large ones in 1024 [ParseByteUnits].
func byteUnits(text string, unit byte) (bytes uint64, ok bool) {
	if text == "" {
		return 0, false
	}
	digits := text
	if last := text[len(text)-1]; last < '0' || last > '9' {
		digits, unit = text[:len(text)-1], last
	}
	factors := map[byte]uint64{'k': 1e3, 'K': 1 << 10, 'm': 1e6, 'M': 1 << 20, 'g': 1e9, 'G': 1 << 30, 't': 1e12, 'T': 1 << 40}
	n, err := strconv.ParseUint(digits, 10, 64)
	factor := factors[unit]
	if err != nil || factor == 0 || digits[0] == '+' || n > math.MaxUint64/factor {
		return 0, false
	}
	return n * factor, true
}

func setEncryption(s *setup) error {
	s.cfg.PlainTransport = !s.Bool("v2transport", true)
	return nil
}
