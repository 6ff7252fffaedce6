package electrum

import (
	"context"
	"encoding/hex"
	"math"
	"strings"
	"sync"

	"grapevine/chain"
	"grapevine/cmd/rpc/chainapi"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

func (s *Server) headerRows() []jsonrpc.Method {
	return []jsonrpc.Method{
		{Name: "blockchain.headers.subscribe", Params: "raw:any?", Do: s.subscribeHeaders, // libraries of before 1.4 still send raw
			Help: "The tip's header, and each new one as it comes."},
		{Name: "blockchain.block.header", Params: "height:int cp_height:int=0", Do: s.blockHeader,
			Help: "The header at a height; with cp_height a proof that it is below the header at that height."},
		{Name: "blockchain.block.headers", Params: "start_height:int count:int cp_height:int=0", Do: s.blockHeaders,
			Help: "Headers from a height on, likewise."},
	}
}

// header is a header and its height.
type header struct {
	Hex    string `json:"hex"`
	Height int32  `json:"height"`
}

func (s *Server) tip() header {
	n := s.cfg.Explore.Chain.Ledger.Tip()
	return header{hex.EncodeToString(chainapi.HeaderBytes(n)), n.Height}
}

func (s *Server) subscribeHeaders(ctx context.Context, _ *jsonrpc.Call) (any, error) {
	c := clientOf(ctx)
	s.mu.Lock()
	c.tips = true
	s.mu.Unlock()
	return s.tip(), nil
}

// height reads a height.
func height(c *jsonrpc.Call, name string) int32 {
	h := c.Int(name)
	if h < 0 || h > math.MaxInt32 {
		c.Refuse(codeBadRequest, "%s should be a non-negative integer", name)
		return 0
	}
	return int32(h)
}

func (s *Server) blockHeader(_ context.Context, c *jsonrpc.Call) (any, error) {
	at, cp := height(c, "height"), height(c, "cp_height")
	if err := c.Err(); err != nil {
		return nil, err
	}
	tip := s.cfg.Explore.Chain.Ledger.Tip()
	if at > tip.Height {
		return nil, jsonrpc.Errorf(codeBadRequest, "height %d is out of range", at)
	}
	text := hex.EncodeToString(chainapi.HeaderBytes(tip.Ancestor(at)))
	if cp == 0 {
		return text, nil
	}
	branch, root, err := s.headerProof(tip, at, cp)
	return struct {
		Branch []string `json:"branch"`
		Header string   `json:"header"`
		Root   string   `json:"root"`
	}{show.Hashes(branch), text, root.String()}, err
}

// maxHeaders of one answer: a retarget period's.
const maxHeaders = 2016

type headersView struct {
	Count   int      `json:"count"`
	Hex     *string  `json:"hex,omitempty"`     // before 1.6
	Headers []string `json:"headers,omitempty"` // since
	Max     int      `json:"max"`
	Root    string   `json:"root,omitempty"`
	Branch  []string `json:"branch,omitempty"`
}

func (s *Server) blockHeaders(ctx context.Context, c *jsonrpc.Call) (any, error) {
	from, count, cp := height(c, "start_height"), height(c, "count"), height(c, "cp_height")
	if err := c.Err(); err != nil {
		return nil, err
	}
	tip := s.cfg.Explore.Chain.Ledger.Tip()
	list := []string{}
	for h := int64(from); h <= int64(tip.Height) && len(list) < min(int(count), maxHeaders); h++ {
		list = append(list, hex.EncodeToString(chainapi.HeaderBytes(tip.Ancestor(int32(h)))))
	}
	v := headersView{Count: len(list), Max: maxHeaders}
	if speaks(ctx, newest) {
		v.Headers = list
	} else {
		all := strings.Join(list, "")
		v.Hex = &all
	}
	if cp == 0 || len(list) == 0 {
		return v, nil
	}
	branch, root, err := s.headerProof(tip, from+int32(len(list))-1, cp)
	v.Branch, v.Root = show.Hashes(branch), root.String()
	return v, err
}

// headerProof leads from the header at a height to the root over all headers up to another.
func (s *Server) headerProof(tip *chain.HeaderNode, at, cp int32) (branch []chain.Hash, root chain.Hash, err error) {
	if at > cp || cp > tip.Height {
		return nil, root, jsonrpc.Errorf(codeBadRequest, "require header height %d <= cp_height %d <= chain height %d", at, cp, tip.Height)
	}
	branch, root = s.headers.proof(tip.Ancestor(cp), at)
	return branch, root, nil
}

// segmentHeight: 2^12 headers make a segment, whose root is remembered, so that a proof hashes 4,096 headers and
// the roots of segments, not all headers.
const segmentHeight = 12

// segments are the roots over each 4,096 headers of the chain: a few hundred of them.
type segments struct {
	mu    sync.Mutex
	roots map[int32]segment
}

type segment struct {
	last *chain.HeaderNode
	root chain.Hash
}

// proof leads from the header at a height to the root over all up to cp.
func (s *segments) proof(cp *chain.HeaderNode, at int32) (branch []chain.Hash, root chain.Hash) {
	const size = 1 << segmentHeight
	if cp.Height < size {
		return chain.BranchTo(leaves(cp, 0), int(at), chain.TreeHeight(int(cp.Height)+1))
	}
	var roots []chain.Hash
	for from := int32(0); from <= cp.Height; from += size {
		last := cp
		if end := from + size - 1; end < cp.Height {
			last = cp.Ancestor(end)
		}
		if from <= at && at <= last.Height {
			var own chain.Hash
			branch, own = chain.BranchTo(leaves(last, from), int(at-from), segmentHeight)
			roots = append(roots, own)
			continue
		}
		roots = append(roots, s.root(last, from))
	}
	above, root := chain.BranchTo(roots, int(at/size), chain.TreeHeight(len(roots)))
	return append(branch, above...), root
}

// root is that of the segment that begins at a height, as far as last.
func (s *segments) root(last *chain.HeaderNode, from int32) chain.Hash {
	s.mu.Lock()
	known := s.roots[from]
	s.mu.Unlock()
	if known.last == last {
		return known.root
	}
	_, root := chain.BranchTo(leaves(last, from), 0, segmentHeight)
	if last.Height-from+1 == 1<<segmentHeight {
		s.mu.Lock()
		if s.roots == nil {
			s.roots = map[int32]segment{}
		}
		s.roots[from] = segment{last, root}
		s.mu.Unlock()
	}
	return root
}

// leaves are the hashes of the headers from a height to last.
func leaves(last *chain.HeaderNode, from int32) []chain.Hash {
	list := make([]chain.Hash, last.Height-from+1)
	for i, n := len(list)-1, last; i >= 0; i, n = i-1, n.Parent {
		list[i] = n.Hash
	}
	return list
}
