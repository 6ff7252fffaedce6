package events

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// Path is where Stream answers.
const Path = "/events"

const (
	// heartbeat is how often something is said, so that who has gone is noticed.
	heartbeat = 15 * time.Second
	// retry is after how many milliseconds a browser comes again.
	retry = 2000
	// maxKinds bounds the kinds in one request.
	maxKinds = 32
)

// Stream answers GET /events with server-sent events: what the query asks for, from now on, or from
// where the client says that it stopped (Last-Event-ID, as browsers do by themselves, or since).
type Stream struct {
	Hub *Hub
	// Public: the network is one of strangers. Then who gives no password hears of blocks and of the pool, and not of the
	// peers, nor from whom something came: the node's own payments come from nobody.
	Public bool
}

// open are the kinds that everybody may hear of on a public network.
func open() []Kind { return []Kind{Judged, Removed, Tip, Reorganisation} }

// restrict leaves what everybody may hear; the first kind that was asked for and is not among it comes back.
func (f *Filter) restrict() (refused Kind) {
	for _, k := range f.Kinds {
		if !slices.Contains(open(), k) {
			return k
		}
	}
	if f.Kinds == nil {
		f.Kinds = open()
	}
	return ""
}

// Serve answers a request; known: it came with the password. Who has no place is told to come later, and who does not
// read is cut off.
func (s Stream) Serve(w http.ResponseWriter, r *http.Request, known bool) {
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", "no-store")
	q, err := parseQuery(r)
	if err != nil {
		head.Set("Content-Type", "text/plain; charset=utf-8")
		jsonrpc.Send(w, http.StatusBadRequest, []byte(err.Error()+"\n"))
		return
	}
	if s.Public && !known {
		if kind := q.filter.restrict(); kind != "" {
			head.Set("Content-Type", "text/plain; charset=utf-8")
			jsonrpc.Send(w, http.StatusForbidden, fmt.Appendf(nil, "events of kind %s need the password on a public network\n", kind))
			return
		}
	}
	if r.Method != http.MethodGet {
		head.Set("Allow", http.MethodGet)
		jsonrpc.Send(w, http.StatusMethodNotAllowed, nil)
		return
	}
	head.Set("Connection", "close")
	if !jsonrpc.Stream(r.Context(), known) {
		head.Set("Retry-After", "60")
		jsonrpc.Send(w, http.StatusServiceUnavailable, []byte("too many listen to the events of this node\n"))
		return
	}
	head.Set("Content-Type", "text/event-stream")
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // it says nothing more
	w.WriteHeader(http.StatusOK)
	out := stream{to: jsonrpc.NewWriter(w, nil), flush: control.Flush}
	out.buf = fmt.Appendf(out.buf, "retry: %d\n\n", retry)
	out.tell(r.Context(), s.Hub.Listen(q.filter, q.after))
}

// stream is one answer.
type stream struct {
	to    *jsonrpc.Writer
	flush func() error
	buf   []byte
}

// tell writes what a listener hears until ctx ends or nobody reads.
func (s *stream) tell(ctx context.Context, l *Listener) {
	for {
		if err := s.send(); err != nil {
			return
		}
		beat, cancel := context.WithTimeout(ctx, heartbeat)
		evs, err := l.Next(beat)
		cancel()
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			s.buf = append(s.buf, ":\n\n"...)
		case err != nil:
			return
		}
		for i := range evs {
			s.add(&evs[i])
		}
	}
}

func (s *stream) send() error {
	if _, err := s.to.Write(s.buf); err != nil {
		return err
	}
	s.buf = s.buf[:0]
	return s.flush()
}

func (s *stream) add(e *Event) {
	text, err := e.MarshalJSON() // json.Marshal would prove and copy it once more, for each listener
	if err != nil {
		return // unreachable: nothing in it refuses
	}
	if e.Seq > 0 {
		s.buf = fmt.Appendf(s.buf, "id: %d\n", e.Seq)
	}
	s.buf = fmt.Appendf(s.buf, "data: %s\n\n", text)
}

// query is what a request asks for.
type query struct {
	filter Filter
	after  uint64
}

// parseQuery reads kind, tx, block and since, and Last-Event-ID.
func parseQuery(r *http.Request) (q query, err error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return q, fmt.Errorf("the query is malformed: %w", err)
	}
	for name, list := range values {
		if name != "kind" && len(list) > 1 {
			return q, fmt.Errorf("%s is given twice", name)
		}
		switch value := list[0]; name {
		case "kind":
			q.filter.Kinds, err = ParseKinds(list...)
		case "tx":
			q.filter.Tx, err = parseHash(name, value)
		case "block":
			q.filter.Block, err = parseHash(name, value)
		case "since":
			q.after, err = parseSince(name, value)
		default:
			err = fmt.Errorf("%q is not known: there are kind, tx, block and since", name)
		}
		if err != nil {
			return q, err
		}
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		q.after, err = parseSince("Last-Event-ID", id)
	}
	return q, err
}

// parseHash reads the name of something: zero is nothing's, and as a filter it would be none.
func parseHash(name, value string) (chain.Hash, error) {
	h, err := jsonrpc.ParseHash(name, value)
	if err == nil && h == (chain.Hash{}) {
		err = fmt.Errorf("%s %s: nothing has that hash", name, value)
	}
	return h, err
}

// parseSince reads the number of the last event that is known, "all" or "now".
func parseSince(name, value string) (after uint64, err error) {
	switch value {
	case "all":
		return All, nil
	case "now":
		return 0, nil
	}
	if after, err = strconv.ParseUint(value, 10, 64); err != nil {
		return 0, fmt.Errorf("%s %q: want the number of an event, all or now", name, value)
	}
	return after, nil
}

// ParseKinds reads kinds, with commas between or one by one.
func ParseKinds(texts ...string) (kinds []Kind, err error) {
	for _, text := range texts {
		for name := range strings.SplitSeq(text, ",") {
			if !slices.Contains(Kinds(), Kind(name)) {
				return nil, fmt.Errorf("kind %q is not known: there are %s", name, kindNames())
			}
			if kinds = append(kinds, Kind(name)); len(kinds) > maxKinds {
				return nil, fmt.Errorf("more than %d kinds", maxKinds)
			}
		}
	}
	return kinds, nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}
