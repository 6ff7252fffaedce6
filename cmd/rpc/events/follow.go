package events

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"

	"grapevine/chain"
)

// maxLine bounds a line of the stream that is read: an event takes some hundred bytes.
const maxLine = 64 << 10

// Reader asks a node for what stands at a path; *client.Client is one.
type Reader interface {
	Read(ctx context.Context, path string) (io.ReadCloser, error)
}

// ErrEnded: the node has ended the stream, as it does when it stops.
var ErrEnded = errors.New("the node has ended its stream of events")

// Follow calls fn with a node's events, as Hub.Listen would give them, until ctx ends, the stream does or fn
// fails.
func Follow(ctx context.Context, from Reader, f Filter, after uint64, fn func(Event) error) error {
	body, err := from.Read(ctx, Path+"?"+f.query(after))
	if err != nil {
		return err
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		data, ok := bytes.CutPrefix(lines.Bytes(), []byte("data: "))
		if !ok {
			continue
		}
		var e Event
		if err := json.Unmarshal(data, &e); err != nil {
			return fmt.Errorf("event of the node: %w", err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return errors.Join(ErrEnded, lines.Err())
}

// query is the filter as parseQuery reads it.
func (f Filter) query(after uint64) string {
	v := url.Values{}
	for _, k := range f.Kinds {
		v.Add("kind", string(k))
	}
	if f.Tx != (chain.Hash{}) {
		v.Set("tx", f.Tx.String())
	}
	if f.Block != (chain.Hash{}) {
		v.Set("block", f.Block.String())
	}
	if after > 0 {
		v.Set("since", strconv.FormatUint(after, 10))
	}
	return v.Encode()
}
