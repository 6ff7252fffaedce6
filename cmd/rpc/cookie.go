package rpc

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// cookieUser is who the bearer of the cookie file is [COOKIEAUTH_USER].
const cookieUser = "__cookie__"

func newSecret(r io.Reader) (string, error) {
	if r == nil {
		r = rand.Reader
	}
	secret := make([]byte, 32)
	if _, err := io.ReadFull(r, secret); err != nil {
		return "", fmt.Errorf("make the RPC cookie: %w", err)
	}
	return hex.EncodeToString(secret), nil
}

// allow says whether user and password are those of the cookie or of the
// configuration [RPCAuthorized]. It takes the same time for every wrong
// one [TimingResistantEqual].
func (s *Server) allow(user, password string) bool {
	ok, digest := 0, sha256.Sum256([]byte(user+":"+password))
	for _, known := range s.logins {
		ok |= subtle.ConstantTimeCompare(digest[:], known[:])
	}
	return ok == 1 || s.access.knows(user, password)
}

func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// cookiePath is where the cookie goes; "" writes none.
func (s *Server) cookiePath() string {
	if s.cfg.RPCNoCookie {
		return ""
	}
	return cmp.Or(s.cfg.RPCCookie, s.cfg.CookiePath)
}

func (s *Server) cookieLine() string { return cookieUser + ":" + s.cookie }

// writeCookie puts the cookie where local clients look for it, whole or not at
// all, readable by our user alone if nobody says otherwise [GenerateAuthCookie].
func (s *Server) writeCookie() error {
	if s.cookie == "" {
		return nil
	}
	path := s.cookiePath()
	fresh := path + ".tmp"
	if st, err := os.Lstat(fresh); err == nil && !st.IsDir() {
		_ = os.Remove(fresh) // of a run that was killed: its mode may be another
	}
	if st, err := os.Stat(path); err == nil && st.IsDir() {
		return fmt.Errorf("%w (write the RPC cookie: %s is a directory)", ErrStart, path)
	}
	err := os.WriteFile(fresh, []byte(s.cookieLine()), 0o600)
	if err == nil && s.cfg.RPCCookieMode != 0 {
		err = os.Chmod(fresh, s.cfg.RPCCookieMode) // whatever the umask says
	}
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return fmt.Errorf("%w (write the RPC cookie: %w)", ErrStart, err)
	}
	return nil
}

// removeCookie takes the cookie away unless it is another node's by now [DeleteAuthCookie].
func (s *Server) removeCookie() error {
	if s.cookie == "" {
		return nil
	}
	if st, err := os.Lstat(s.cookiePath()); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	if b, err := os.ReadFile(s.cookiePath()); err != nil || string(b) != s.cookieLine() {
		return nil
	}
	if err := os.Remove(s.cookiePath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the RPC cookie: %w", err)
	}
	return nil
}
