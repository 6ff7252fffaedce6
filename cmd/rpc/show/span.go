package show

import (
	"encoding/json"
	"math"

	"grapevine/cmd/rpc/jsonrpc"
)

// Span is a range of a descriptor's keys, both ends included.
type Span struct{ From, To int64 }

// maxSpan is how many keys one call may ask for.
const maxSpan = 1_000_000

// ReadSpan reads END or [BEGIN,END] [ParseDescriptorRange]; its errors are for the caller of a method.
func ReadSpan(raw json.RawMessage) (s Span, err error) {
	var pair []int64
	if json.Unmarshal(raw, &s.To) != nil {
		if json.Unmarshal(raw, &pair) != nil || len(pair) != 2 {
			return s, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range must be specified as end or as [begin,end]")
		}
		s = Span{pair[0], pair[1]}
		if s.From > s.To {
			return s, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range specified as [begin,end] must not have begin after end")
		}
	}
	switch {
	case s.From < 0:
		return s, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range should be greater or equal than 0")
	case s.To < 0 || s.To > math.MaxInt32:
		return s, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "End of range is too high")
	case s.To-s.From >= maxSpan:
		return s, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range is too large")
	}
	return s, nil
}
