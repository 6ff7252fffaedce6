package web

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"mime"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// maxSessions bounds who is signed in; the one that was used the longest ago goes.
	maxSessions = 32
	// sessionTime is how long a session lasts that nobody uses.
	sessionTime = 12 * time.Hour
	// maxForm bounds what a form sends.
	maxForm = 16 << 10
	// maxSecret bounds what is tried as a user and a password.
	maxSecret = 1 << 10
)

// session is somebody who has given RPC's password.
type session struct {
	token string // stands in every form of the session, and in no cookie
	used  time.Time
}

// sessions are those that are open, by what their cookie says.
type sessions struct {
	mu   sync.Mutex
	open map[string]*session
}

// begin opens a session for who has given the password.
func (s *sessions) begin(now time.Time) (id string) {
	id = secret()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxSessions {
		oldest := ""
		for at, x := range s.open {
			if oldest == "" || x.used.Before(s.open[oldest].used) {
				oldest = at
			}
		}
		delete(s.open, oldest)
	}
	s.open[id] = &session{token: secret(), used: now}
	return id
}

// token is that of the session that a cookie names; "": there is none.
func (s *sessions) token(id string, now time.Time) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.open[id]
	switch {
	case x == nil:
		return ""
	case now.Sub(x.used) > sessionTime:
		delete(s.open, id)
		return ""
	}
	x.used = now
	return x.token
}

func (s *sessions) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

func secret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // it never fails
	return hex.EncodeToString(raw)
}

// cookieName differs from port to port, as cookies do not: several nodes of one machine have a page each.
func cookieName(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "80"
	}
	return "grapevine-" + port
}

func cookieOf(r *http.Request) string {
	c, err := r.Cookie(cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// form is what a page needs to show forms.
type form struct {
	Open  bool // somebody is signed in
	Token string
}

func (p *Page) form(r *http.Request) form {
	token := p.sessions.token(cookieOf(r), time.Now())
	return form{token != "", token}
}

// sentByUs says whether a form was sent from a page of this very server: browsers say where a form comes from,
// and no page can make them say otherwise.
func sentByUs(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	_, host, ok := strings.Cut(r.Header.Get("Origin"), "://")
	return ok && strings.EqualFold(host, r.Host) && (site == "" || site == "same-origin")
}

// readForm takes a form of our own pages; false: it has been answered.
func (p *Page) readForm(w http.ResponseWriter, r *http.Request) bool {
	if !sentByUs(r) {
		p.fail(w, r, http.StatusForbidden, failure{"A form must come from a page of this node.", "Open this node's page itself, and send the form from there."})
		return false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-www-form-urlencoded" {
		p.fail(w, r, http.StatusUnsupportedMediaType, failure{"This is no form.", ""})
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		p.fail(w, r, http.StatusBadRequest, failure{"The form cannot be read: " + err.Error(), "Go back and send it again."})
		return false
	}
	return true
}

// guarded lets in forms of who is signed in, with their session's token.
func (p *Page) guarded(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.readForm(w, r) {
			return
		}
		f := p.form(r)
		if !f.Open {
			p.fail(w, r, http.StatusForbidden, failure{"You are not signed in, or were for too long.", "Sign in again on the page Do, and send the form once more."})
			return
		}
		if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("token")), []byte(f.Token)) != 1 {
			p.fail(w, r, http.StatusForbidden, failure{"This form is of another session.", "Load the page again, and send the form from there."})
			return
		}
		do(w, r)
	}
}

// local says whether the node is of a network of its owner's, where nothing is secret.
func (p *Page) local() bool { return p.cfg.Siblings != nil || p.cfg.About.Network == "regtest" }

// private shows what tells of peers, and of what came from whom, on a public network to who is signed in alone.
func (p *Page) private(do http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !p.local() && !p.form(r).Open {
			p.show(w, r, p.signIn(http.StatusForbidden, "On a public network who the peers are, and what the log says, is shown to who has the password."))
			return
		}
		do(w, r)
	}
}

// openSession signs in who knows RPC's password.
func (p *Page) openSession(w http.ResponseWriter, r *http.Request) {
	if !p.readForm(w, r) {
		return
	}
	user, password := r.PostForm.Get("user"), strings.TrimSpace(r.PostForm.Get("password"))
	if user == "" { // the text of the cookie file
		user, password, _ = strings.Cut(password, ":")
	}
	if len(user)+len(password) > maxSecret || p.cfg.Allow == nil || !p.cfg.Allow(r, user, password) {
		p.show(w, r, p.signIn(http.StatusForbidden, "This is no user and password of this node's RPC, or of one who may not call everything."))
		return
	}
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Value: p.sessions.begin(time.Now()), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/do", http.StatusSeeOther)
}

func (p *Page) closeSession(w http.ResponseWriter, r *http.Request) {
	if !p.readForm(w, r) {
		return
	}
	p.sessions.end(cookieOf(r))
	http.SetCookie(w, &http.Cookie{Name: cookieName(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
