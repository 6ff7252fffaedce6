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

// defaultRange is how far a descriptor with keys of a range is followed where
// nobody says.
const defaultRange = 1000

// ReadScanObject reads a descriptor, or an object with it and a range
// [EvalDescriptorStringOrObject]; its errors are for the caller of a method.
func ReadScanObject(raw json.RawMessage) (desc string, keys Span, err error) {
	keys = Span{To: defaultRange}
	var object struct{ Desc, Range json.RawMessage }
	switch raw[0] {
	case '"':
		object.Desc = raw
	case '{':
		_ = json.Unmarshal(raw, &object) // it is an object
	default:
		return "", keys, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Scan object needs to be either a string or an object")
	}
	if object.Desc == nil || string(object.Desc) == "null" {
		return "", keys, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Descriptor needs to be provided in scan object")
	}
	if err := json.Unmarshal(object.Desc, &desc); err != nil {
		return "", keys, jsonrpc.Errorf(jsonrpc.CodeType, "JSON value of type %s is not of expected type string", jsonrpc.TypeOf(object.Desc))
	}
	if object.Range != nil && string(object.Range) != "null" {
		keys, err = ReadSpan(object.Range)
	}
	return desc, keys, err
}
