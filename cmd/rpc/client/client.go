package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"syscall"

	"grapevine/db"
)

// Error is an answer that says no. Its codes are bitcoind's.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

// Client calls one node. It is safe for concurrent use and keeps connections
// open between calls.
type Client struct {
	url    string // without user and password
	secret func() (user, password string, err error)
	http   http.Client
	nextID atomic.Uint64

	patience Patience
}

// Dial makes a client for a URL such as http://127.0.0.1:18443 or
// …/wallet/NAME. A user and password in the URL count when user is empty. No
// connection is made yet.
func Dial(rawURL, user, password string) (*Client, error) {
	c, u, err := open(rawURL)
	if err != nil {
		return nil, err
	}
	if user == "" && u.User != nil {
		user = u.User.Username()
		password, _ = u.User.Password()
	}
	c.secret = func() (string, string, error) { return user, password, nil }
	return c, nil
}

// DialCookie makes a client that proves itself with the node's cookie file. It
// is read at every call, since each start of the node writes a new one.
func DialCookie(rawURL, path string) (*Client, error) {
	c, _, err := open(rawURL)
	if err != nil {
		return nil, err
	}
	c.secret = func() (string, string, error) { return readCookie(path) }
	return c, nil
}

// OfWallet makes the calls that follow those of the wallet of that name.
func (c *Client) OfWallet(name string) { c.url += "/wallet/" + url.PathEscape(name) }

func open(rawURL string) (*Client, *url.URL, error) {
	if !strings.Contains(rawURL, "://") {
		rawURL = "http://" + rawURL
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, fmt.Errorf("RPC address: %w", err)
	}
	if u.Scheme != "http" || u.Host == "" {
		return nil, nil, fmt.Errorf("RPC address %q: want http://HOST:PORT", u.Redacted())
	}
	bare := *u
	bare.User = nil
	// A proxy of the environment has no business between a node and its owner.
	transport := &http.Transport{MaxIdleConnsPerHost: 8}
	return &Client{url: bare.String(), http: http.Client{Transport: transport}}, u, nil
}

// readCookie reads "user:password" as a node writes it at its start.
func readCookie(path string) (user, password string, err error) {
	const most = 4096 // bytes
	raw, err := db.ReadFile(path, most)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "", "", fmt.Errorf("no cookie at %s (is the node running?): %w", path, os.ErrNotExist)
	case err != nil:
		return "", "", fmt.Errorf("cookie: %w", err)
	}
	user, password, ok := strings.Cut(strings.TrimSpace(string(raw)), ":")
	if !ok {
		return "", "", fmt.Errorf("cookie %s: no \"user:password\" in it", path)
	}
	return user, password, nil
}

// Through sends the calls by another road than TCP: to a server in the same process.
func (c *Client) Through(road http.RoundTripper) *Client {
	c.http.Transport = road
	return c
}

// URL is where the calls go, without the secret.
func (c *Client) URL() string { return c.url }

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

type request struct {
	Version string `json:"jsonrpc"`
	ID      uint64 `json:"id"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

type response struct {
	ID     uint64          `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
}

// Call runs a method with parameters by position and decodes its result into
// result (nil: not wanted). A refusal of the node is an *Error.
func (c *Client) Call(ctx context.Context, method string, result any, params ...any) error {
	if params == nil {
		params = []any{}
	}
	return c.call(ctx, method, result, params)
}

// CallNamed runs a method with parameters by name.
func (c *Client) CallNamed(ctx context.Context, method string, result any, params Named) error {
	if params == nil {
		params = Named{}
	}
	return c.call(ctx, method, result, params)
}

func (c *Client) call(ctx context.Context, method string, result, params any) error {
	raw, status, err := c.post(ctx, request{Version: "1.0", ID: c.nextID.Add(1), Method: method, Params: params})
	if err != nil {
		return err
	}
	var r response
	if err := json.Unmarshal(raw, &r); err != nil {
		return &StatusError{Method: method, URL: c.url, Status: status, Body: string(raw)}
	}
	return r.into(method, result)
}

func (r *response) into(method string, result any) error {
	if r.Error != nil {
		return r.Error
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(r.Result, result); err != nil {
		return fmt.Errorf("%s: unexpected answer: %w", method, err)
	}
	return nil
}

// ErrUnauthorized: the node runs and does not know our user and password.
var ErrUnauthorized = errors.New("wrong user, password or cookie")

// StatusError is an answer with no JSON-RPC in it: what the HTTP server says in its place.
type StatusError struct {
	Method, URL string
	Status      int
	Body        string
}

func (e *StatusError) Error() string {
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Sprintf("the node at %s refuses us: %v", e.URL, ErrUnauthorized)
	case http.StatusRequestEntityTooLarge:
		return fmt.Sprintf("the node at %s refuses the call: too large", e.URL)
	case http.StatusServiceUnavailable:
		return fmt.Sprintf("%s: the node at %s has no place for the call now: %s", e.Method, e.URL, e.Body)
	}
	return fmt.Sprintf("%s: %s answers HTTP %d, not JSON-RPC", e.Method, e.URL, e.Status)
}

// Unwrap is ErrUnauthorized where the node refuses who calls.
func (e *StatusError) Unwrap() error {
	if e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden {
		return ErrUnauthorized
	}
	return nil
}

func (c *Client) post(ctx context.Context, body any) (raw []byte, status int, err error) {
	var buf bytes.Buffer
	if err := json.NewEncoder(&buf).Encode(body); err != nil {
		return nil, 0, fmt.Errorf("encode the call: %w", err)
	}
	ctx, stop := c.watched(ctx)
	defer stop()
	defer func() { err = c.reason(ctx, err) }()
	resp, err := c.ask(ctx, http.MethodPost, c.url, &buf)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestEntityTooLarge:
		return nil, resp.StatusCode, &StatusError{URL: c.url, Status: resp.StatusCode}
	}
	raw, err = io.ReadAll(resp.Body)
	if err != nil {
		return nil, resp.StatusCode, fmt.Errorf("the node at %s hung up in its answer: %w", c.url, err)
	}
	return raw, resp.StatusCode, nil
}

// ask sends a request with the secret; body is JSON, nil for none.
func (c *Client) ask(ctx context.Context, method, at string, body io.Reader) (*http.Response, error) {
	user, password, err := c.secret()
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, at, body)
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(user, password)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	return resp, nil
}

// explain says in the reader's words why there is no answer at all.
func (c *Client) explain(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err // its text repeats method and URL
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("cannot connect to %s (is the node running?): %w", c.url, err)
	}
	return fmt.Errorf("no answer from %s: %w", c.url, err)
}

// Read asks for what stands at another path of the node than the calls', as /events. It has to be closed.
func (c *Client) Read(ctx context.Context, path string) (io.ReadCloser, error) {
	at, err := url.Parse(c.url)
	if err != nil {
		return nil, err
	}
	to, err := at.Parse(path)
	if err != nil {
		return nil, err
	}
	resp, err := c.ask(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusOK {
		return resp.Body, nil
	}
	defer resp.Body.Close()
	const most = 1000 // of what it says
	why, _ := io.ReadAll(io.LimitReader(resp.Body, most))
	return nil, &StatusError{Method: to.Path, URL: c.url, Status: resp.StatusCode, Body: strings.TrimSpace(string(why))}
}
