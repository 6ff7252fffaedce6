package rpc

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// cookieUser is who the bearer of the cookie file is (Core: COOKIEAUTH_USER).
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
// configuration (Core: RPCAuthorized). It takes the same time for every wrong
// one (Core: TimingResistantEqual).
func (s *Server) allow(user, password string) bool {
	ok := 0
	if s.cookie != "" {
		ok |= same(user+":"+password, cookieUser+":"+s.cookie)
	}
	if s.cfg.User != "" {
		ok |= same(user+":"+password, s.cfg.User+":"+s.cfg.Password)
	}
	return ok == 1
}

func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

func (s *Server) cookieLine() string { return cookieUser + ":" + s.cookie }

// writeCookie puts the cookie where local clients look for it, whole or not at
// all, readable by our user alone.
func (s *Server) writeCookie() error {
	if s.cookie == "" {
		return nil
	}
	fresh := s.cfg.CookiePath + ".tmp"
	_ = os.Remove(fresh) // of a run that was killed: its mode may be another
	if err := os.WriteFile(fresh, []byte(s.cookieLine()), 0o600); err != nil {
		return fmt.Errorf("write the RPC cookie: %w", err)
	}
	if err := os.Rename(fresh, s.cfg.CookiePath); err != nil {
		return fmt.Errorf("write the RPC cookie: %w", err)
	}
	return nil
}

// removeCookie takes the cookie away unless it is another node's by now.
func (s *Server) removeCookie() error {
	if s.cookie == "" {
		return nil
	}
	if st, err := os.Lstat(s.cfg.CookiePath); err != nil || !st.Mode().IsRegular() {
		return nil
	}
	if b, err := os.ReadFile(s.cfg.CookiePath); err != nil || string(b) != s.cookieLine() {
		return nil
	}
	if err := os.Remove(s.cfg.CookiePath); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the RPC cookie: %w", err)
	}
	return nil
}
