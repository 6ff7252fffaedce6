package walletapi

import (
	"context"
	"encoding/json"
	"errors"

	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
	"grapevine/wallet"
	"grapevine/wallet/descriptor"
	"grapevine/wallet/state"
)

// importRows watch what others' descriptors say.
func (a *API) importRows() []jsonrpc.Method {
	return jsonrpc.Group("Wallet",
		jsonrpc.Method{Name: "importdescriptors", Params: `requests:[{"desc":"str","active":bool,"range":n,"next_index":n,"timestamp":n,"internal":bool,"label":"str"},...]`, Do: a.importDescriptors,
			Help: "Watches the scripts of output descriptors, and spends with the private keys that are in them. The chain is searched from the oldest timestamp on.", Example: `'[{"desc":"raw(51)#8lvh9jxk","timestamp":"now"}]'`},
	)
}

// importResult is what one request came to.
type importResult struct {
	Success  bool           `json:"success"`
	Warnings []string       `json:"warnings,omitempty"`
	Error    *jsonrpc.Error `json:"error,omitempty"`
}

func (a *API) importDescriptors(ctx context.Context, c *jsonrpc.Call) (any, error) {
	requests := c.Members("requests", "desc:text? active:bool? range:*any? next_index:*any? timestamp:*any? internal:bool? label:text? ...")
	if err := c.Err(); err != nil {
		return nil, err
	}
	if err := a.Wallet.Settle(ctx, nil); err != nil {
		return nil, err
	}
	if a.Wallet.Rescanning() {
		return nil, wallet.ErrRescanning
	}
	if err := a.Wallet.Unlocked(); err != nil {
		return nil, err
	}
	now := a.Ledger.Tip().MedianTimePast()
	oldest, times := now, make([]int64, len(requests))
	for i, r := range requests {
		t, err := timestamp(r, now)
		if err != nil {
			return nil, err
		}
		times[i], oldest = t, min(oldest, t)
	}
	results := make([]importResult, len(requests))
	any := false
	for i, r := range requests {
		results[i] = a.importOne(ctx, r, times[i])
		any = any || results[i].Success
	}
	if !any {
		return results, nil
	}
	err := a.Wallet.RescanSince(ctx, oldest)
	if errors.Is(err, wallet.ErrAborted) {
		return nil, jsonrpc.Errorf(jsonrpc.CodeMisc, "Rescan aborted by user.")
	}
	return results, err
}

// timestamp reads when a descriptor was first used [GetImportTimestamp].
func timestamp(r *jsonrpc.Params, now int64) (int64, error) {
	switch raw := r.Raw("timestamp"); {
	case raw == nil:
		return 0, jsonrpc.Errorf(jsonrpc.CodeType, "Missing required timestamp field for key")
	case string(raw) == `"now"`:
		return now, nil
	default:
		var t int64
		if r.Type("timestamp") != "number" || json.Unmarshal(raw, &t) != nil {
			return 0, jsonrpc.Errorf(jsonrpc.CodeType, "Expected number or \"now\" timestamp value for key. got type %s", r.Type("timestamp"))
		}
		return max(t, 1), nil // Core's lowest
	}
}

func (a *API) importOne(ctx context.Context, r *jsonrpc.Params, since int64) importResult {
	i, warnings, err := a.readImport(r)
	if err == nil {
		i.Timestamp = since
		err = a.Wallet.AddDescriptors(ctx, []state.Import{i})
	}
	if err == nil {
		return importResult{Success: true, Warnings: warnings}
	}
	fault, ok := errors.AsType[*jsonrpc.Error](coded(err))
	if !ok {
		fault = jsonrpc.Errorf(jsonrpc.CodeMisc, "%s", err)
	}
	return importResult{Warnings: warnings, Error: fault}
}

// readImport reads one request and refuses what Core does [ProcessDescriptorImport].
func (a *API) readImport(r *jsonrpc.Params) (i state.Import, warnings []string, err error) {
	refuse := func(code jsonrpc.Code, words string) (state.Import, []string, error) {
		return i, warnings, jsonrpc.Errorf(code, "%s", words)
	}
	if !r.Has("desc") {
		return refuse(jsonrpc.CodeInvalidParam, "Descriptor not found.")
	}
	i.Active, i.Internal, i.Label = r.Bool("active"), r.Bool("internal"), r.String("label")
	if i.Label == "*" {
		return refuse(codeLabel, "Invalid label name")
	}
	if i.Desc, err = descriptor.Parse(r.String("desc"), a.Params.Params, true); err != nil {
		return refuse(jsonrpc.CodeInvalidAddress, err.Error())
	}
	if warnings, err = a.readRange(r, &i); err != nil {
		return i, warnings, err
	}
	switch {
	case i.Active && !i.Desc.Ranged():
		return refuse(jsonrpc.CodeInvalidParam, "Active descriptors must be ranged")
	case r.Has("range") && r.Has("label"):
		return refuse(jsonrpc.CodeInvalidParam, "Ranged descriptors should not have a label")
	case i.Internal && r.Has("label"):
		return refuse(jsonrpc.CodeInvalidParam, "Internal addresses should not have a label")
	case i.Active && i.Desc.Combo():
		return refuse(jsonrpc.CodeWallet, "Combo descriptors cannot be set to active")
	}
	watch, _ := a.Wallet.Keys()
	if watch && i.Desc.HasSecrets() {
		return refuse(jsonrpc.CodeWallet, "Cannot import private keys to a wallet with private keys disabled")
	}
	if _, err := i.Desc.Expand(0, nil); err != nil {
		return refuse(jsonrpc.CodeWallet, "Cannot expand descriptor. Probably because of hardened derivations without private keys provided")
	}
	if !watch && !i.Desc.HasSecrets() {
		return refuse(jsonrpc.CodeWallet, "Cannot import descriptor without private keys to a wallet with private keys enabled")
	}
	if !watch && !i.Desc.AllSecrets() {
		warnings = append(warnings, "Not all private keys provided. Some wallet functionality may return unexpected errors")
	}
	if i.Active && i.Desc.OutputType() == "" {
		warnings = append(warnings, "Unknown output type, cannot set descriptor to active.")
		i.Active = false
	}
	return i, warnings, nil
}

// readRange reads which indices are watched.
func (a *API) readRange(r *jsonrpc.Params, i *state.Import) (warnings []string, err error) {
	i.End = 1
	switch {
	case !i.Desc.Ranged() && r.Has("range"):
		return nil, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "Range should not be specified for an un-ranged descriptor")
	case !i.Desc.Ranged():
		return nil, nil
	case r.Has("range"):
		span, err := show.ReadSpan(r.Raw("range"))
		if err != nil {
			return nil, err
		}
		i.Start, i.End = uint32(span.From), uint32(span.To)+1
	default:
		warnings = append(warnings, "Range not given, using default keypool range")
		i.End = a.Wallet.Lookahead()
	}
	i.Next = i.Start
	if r.Has("next_index") {
		next := r.Int("next_index")
		if next < int64(i.Start) || next >= int64(i.End) {
			return warnings, jsonrpc.Errorf(jsonrpc.CodeInvalidParam, "next_index is out of range")
		}
		i.Next = uint32(next)
	}
	return warnings, nil
}
