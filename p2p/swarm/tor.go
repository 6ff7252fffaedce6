package swarm

//lint:file-ignore ST1005 Tor is a name

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"grapevine/db"
	"grapevine/p2p"
)

// TorControl is how Tor is asked for an onion service that leads to us. The zero value asks
// nobody [TorController].
type TorControl struct {
	At       p2p.Proxy // Tor's control port [-torcontrol]
	Password string    // "": by a cookie file, or with nothing if Tor wants nothing [-torpassword]
	KeyFile  string    // holds the service's private key, so that its name stays the same
}

// The service lives as long as our connection to the control port (control-spec):
//
//	PROTOCOLINFO 1                                   which ways Tor knows to believe who we are
//	AUTHCHALLENGE SAFECOOKIE, AUTHENTICATE           both prove that they can read the cookie file
//	ADD_ONION NEW:ED25519-V3|KEY Port=PORT,TARGET    its name, and its key if it is new
const (
	torTime    = time.Minute      // for an answer
	torFirst   = time.Second      // until it is tried again, half as long again each time [RECONNECT_TIMEOUT_START, RECONNECT_TIMEOUT_EXP]
	torMost    = 10 * time.Minute // at most [RECONNECT_TIMEOUT_MAX]
	maxTorLine = 100_000          // bytes [MAX_LINE_LENGTH]
	maxTorRows = 100              // lines of an answer
	torCookie  = 32               // bytes [TOR_COOKIE_SIZE]
	maxTorKey  = 1 << 10          // bytes of the key file

	torServer = "Tor safe cookie authentication server-to-controller hash"
	torClient = "Tor safe cookie authentication controller-to-server hash"
)

// keepOnion keeps an onion service until ctx ends; target is the listener that it leads to.
func (s *Swarm) keepOnion(ctx context.Context, target netip.AddrPort) {
	retry := torFirst
	for ctx.Err() == nil {
		began := time.Now()
		err := s.onion(ctx, target)
		if ctx.Err() != nil {
			return
		}
		s.cfg.Log.Debug("no onion service", "control", s.cfg.Tor.At.String(), "err", err)
		if time.Since(began) > torMost {
			retry = torFirst
		}
		select {
		case <-time.After(retry):
		case <-ctx.Done():
		}
		retry = min(retry*3/2, torMost)
	}
}

// onion makes a service and waits until it ends.
func (s *Swarm) onion(ctx context.Context, target netip.AddrPort) error {
	conn, err := connect(ctx, s.cfg.Tor.At, s.hurried())
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	t := &torTalk{conn: conn, lines: bufio.NewReader(io.LimitReader(conn, maxTorLine*maxTorRows))}
	if err := t.authenticate(s.cfg.Tor.Password); err != nil {
		return err
	}
	port := p2p.DefaultPort(s.cfg.Params)
	name, err := t.addOnion(s.cfg.Tor.KeyFile, fmt.Sprintf("Port=%d,%s", port, target))
	if err != nil {
		return err
	}
	a, ok := p2p.ParseOverlay(name + ".onion")
	if !ok {
		return fmt.Errorf("Tor names the service %q", name)
	}
	at := netip.AddrPortFrom(a, port)
	s.setOverlay(at)
	defer s.dropOverlay(at)
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	if _, err = t.lines.ReadByte(); err == nil {
		err = errors.New("Tor speaks unasked")
	}
	return err
}

// torTalk is a connection to the control port.
type torTalk struct {
	conn  net.Conn
	lines *bufio.Reader
}

// ask says a line and reads the answer's, without their 250.
func (t *torTalk) ask(line string) (rows []string, err error) {
	if err := t.conn.SetDeadline(time.Now().Add(torTime)); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(t.conn, line+"\r\n"); err != nil {
		return nil, err
	}
	for len(rows) < maxTorRows {
		row, err := t.lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		row = strings.TrimRight(row, "\r\n")
		if len(row) < 4 || len(row) > maxTorLine {
			return nil, fmt.Errorf("Tor's answer of %d bytes is none", len(row))
		}
		if row[:3] != "250" {
			verb, _, _ := strings.Cut(line, " ")
			return nil, fmt.Errorf("Tor refuses %s: %s", verb, row)
		}
		rows = append(rows, row[4:])
		if row[3] == ' ' {
			return rows, nil
		}
	}
	return nil, errors.New("Tor's answer does not end")
}

// torWords are the KEY=VALUE pairs of a row that begins with a word; values may stand in quotes.
func torWords(rows []string, first string) map[string]string {
	pairs := map[string]string{}
	for _, row := range rows {
		rest, ok := strings.CutPrefix(row, first+" ")
		for ok && rest != "" {
			var key, value string
			if key, rest, ok = strings.Cut(rest, "="); !ok {
				break
			}
			if quoted, err := strconv.QuotedPrefix(rest); err == nil {
				value, _ = strconv.Unquote(quoted)
				rest = strings.TrimPrefix(rest[len(quoted):], " ")
			} else {
				value, rest, _ = strings.Cut(rest, " ")
			}
			pairs[key] = value
		}
	}
	return pairs
}

// authenticate shows that we may ask for services.
func (t *torTalk) authenticate(password string) error {
	rows, err := t.ask("PROTOCOLINFO 1")
	if err != nil {
		return err
	}
	info := torWords(rows, "AUTH")
	methods := strings.Split(info["METHODS"], ",")
	switch {
	case password != "" && slices.Contains(methods, "HASHEDPASSWORD"):
		if strings.ContainsAny(password, "\r\n") {
			return errors.New("the password of Tor's control port has more than one line")
		}
		_, err = t.ask(`AUTHENTICATE "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(password) + `"`)
	case password != "":
		return errors.New("Tor takes no password (HashedControlPassword in torrc)")
	case slices.Contains(methods, "NULL"):
		_, err = t.ask("AUTHENTICATE")
	case slices.Contains(methods, "SAFECOOKIE"):
		err = t.showCookie(info["COOKIEFILE"])
	default:
		return fmt.Errorf("Tor wants to be shown one of %s; -torpassword has none", info["METHODS"])
	}
	return err
}

// showCookie proves that we can read Tor's cookie file, and lets Tor prove it first.
func (t *torTalk) showCookie(path string) error {
	cookie, err := db.ReadFile(path, torCookie)
	if err != nil {
		return err
	}
	if len(cookie) != torCookie {
		return fmt.Errorf("Tor's cookie file %s has %d bytes, not %d", path, len(cookie), torCookie)
	}
	nonce := make([]byte, 32)
	rand.Read(nonce)
	rows, err := t.ask("AUTHCHALLENGE SAFECOOKIE " + hex.EncodeToString(nonce))
	if err != nil {
		return err
	}
	said := torWords(rows, "AUTHCHALLENGE")
	theirs, err := hex.DecodeString(said["SERVERNONCE"])
	if err != nil || len(theirs) != 32 {
		return errors.New("Tor's challenge has no nonce")
	}
	proof := func(who string) []byte {
		h := hmac.New(sha256.New, []byte(who))
		h.Write(slices.Concat(cookie, nonce, theirs))
		return h.Sum(nil)
	}
	if hash, err := hex.DecodeString(said["SERVERHASH"]); err != nil || !hmac.Equal(hash, proof(torServer)) {
		return errors.New("who answers at Tor's control port cannot read Tor's cookie")
	}
	_, err = t.ask("AUTHENTICATE " + hex.EncodeToString(proof(torClient)))
	return err
}

// addOnion asks for the service by the key in the file, or by a new one that is kept there.
func (t *torTalk) addOnion(keyFile, port string) (name string, err error) {
	raw, err := db.ReadFile(keyFile, maxTorKey)
	key := strings.TrimSpace(string(raw))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		key = "NEW:ED25519-V3"
	case err != nil:
		return "", err
	case !strings.HasPrefix(key, "ED25519-V3:") || strings.ContainsAny(key, " \r\n"):
		return "", fmt.Errorf("%s holds no key of an onion service", keyFile)
	}
	rows, err := t.ask("ADD_ONION " + key + " " + port)
	if err != nil {
		return "", err
	}
	made := ""
	for _, row := range rows {
		if v, ok := strings.CutPrefix(row, "ServiceID="); ok {
			name = v
		}
		if v, ok := strings.CutPrefix(row, "PrivateKey="); ok {
			made = v
		}
	}
	if strings.HasPrefix(key, "NEW:") {
		if made == "" {
			return "", errors.New("Tor has made an onion service without a key")
		}
		err = keepKey(keyFile, []byte(made))
	}
	return name, err
}
