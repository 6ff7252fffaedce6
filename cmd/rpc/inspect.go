package rpc

import (
	"context"
	"maps"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"grapevine/cmd/rpc/jsonrpc"
)

type rpcInfo struct {
	Active  []activeCommand `json:"active_commands"`
	LogPath string          `json:"logpath"`
}

type activeCommand struct {
	Method   string `json:"method"`
	Duration int64  `json:"duration"` // microseconds
}

func (s *Server) getRPCInfo(context.Context, *jsonrpc.Call) (any, error) {
	info := rpcInfo{Active: []activeCommand{}, LogPath: s.cfg.LogPath}
	for _, r := range s.calls.Running() {
		info.Active = append(info.Active, activeCommand{r.Method, time.Since(r.Since).Microseconds()})
	}
	return info, nil
}

type memoryInfo struct {
	Locked memory `json:"locked"` // Core's name: of the memory that it locks for keys
}

type memory struct {
	Used       uint64 `json:"used"`
	Free       uint64 `json:"free"`
	Total      uint64 `json:"total"`
	Locked     uint64 `json:"locked"`
	ChunksUsed uint64 `json:"chunks_used"`
	ChunksFree uint64 `json:"chunks_free"`
}

// spanSize is the unit in which Go's heap keeps free memory.
const spanSize = 8 << 10

func getMemoryInfo(_ context.Context, c *jsonrpc.Call) (any, error) {
	mode := c.String("mode")
	if err := c.Err(); err != nil {
		return nil, err
	}
	switch mode {
	case "stats":
	case "mallocinfo":
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "mallocinfo mode not available")
	default:
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "unknown mode %s", mode)
	}
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/unused:bytes"},
		{Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/heap/objects:objects"},
	}
	metrics.Read(samples)
	used, free := samples[0].Value.Uint64(), samples[1].Value.Uint64()+samples[2].Value.Uint64()
	return memoryInfo{memory{Used: used, Free: free, Total: used + free, ChunksUsed: samples[3].Value.Uint64(), ChunksFree: free / spanSize}}, nil
}

// categoriesText names the log's categories, where there are any.
func (s *Server) categoriesText() string {
	if s.cfg.Logging == nil {
		return ""
	}
	names := slices.Sorted(maps.Keys(s.cfg.Logging.LogCategories()))
	return " The valid logging categories are: " + strings.Join(names, ", ") + "."
}

// logging switches categories of the log and answers which are on, by name.
func (s *Server) logging(_ context.Context, c *jsonrpc.Call) (any, error) {
	include, exclude := c.Strings("include"), c.Strings("exclude")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if s.cfg.Logging == nil {
		if len(include)+len(exclude) > 0 {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "unknown logging category %s", append(include, exclude...)[0])
		}
		return map[string]bool{}, nil
	}
	for i, category := range append(include, exclude...) {
		if !s.cfg.Logging.SwitchLog(category, i < len(include)) {
			return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "unknown logging category %s", category)
		}
	}
	return s.cfg.Logging.LogCategories(), nil // encoding/json sorts by name
}
