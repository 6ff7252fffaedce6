package chainapi

import (
	"context"

	"grapevine/chain"
	"grapevine/cmd/rpc/jsonrpc"
)

// deployment is a soft fork: one that a height decides ("buried" in Core), or one by
// version bits.
type deployment struct {
	Type   string     `json:"type"`
	Height *int32     `json:"height,omitempty"` // from which it is active; nil: not known yet
	Active bool       `json:"active"`           // for the next block
	BIP9   *bip9State `json:"bip9,omitempty"`
}

type bip9State struct {
	Bit        *uint8      `json:"bit,omitempty"`
	Start      int64       `json:"start_time"`
	Timeout    int64       `json:"timeout"`
	MinHeight  int32       `json:"min_activation_height"`
	Status     string      `json:"status"` // that the block itself found
	Since      int32       `json:"since"`
	Next       string      `json:"status_next"`
	Statistics *signalling `json:"statistics,omitempty"`
	Signalling string      `json:"signalling,omitempty"`
}

type signalling struct {
	Period    int32  `json:"period"`
	Threshold *int32 `json:"threshold,omitempty"`
	Elapsed   int32  `json:"elapsed"`
	Count     int32  `json:"count"`
	Possible  *bool  `json:"possible,omitempty"`
}

func (a *API) getDeploymentInfo(_ context.Context, c *jsonrpc.Call) (any, error) {
	n := a.Ledger.Tip()
	if c.Has("blockhash") {
		var err error
		if n, _, err = a.lookup(&c.Params, "blockhash"); err != nil {
			return nil, err
		}
	}
	return a.Deployments(n), nil
}

// Deployments is what getdeploymentinfo and /rest/deploymentinfo answer.
func (a *API) Deployments(n *chain.HeaderNode) any {
	p := a.Params
	forks := map[string]deployment{}
	for name, height := range map[string]int32{
		"bip34": p.BIP0034Height, "bip65": p.BIP0065Height, "bip66": p.BIP0066Height,
		"csv": p.CSVHeight, "segwit": p.SegwitHeight,
	} {
		forks[name] = deployment{Type: "buried", Active: n.Height+1 >= height, Height: &height}
	}
	for i, d := range p.Forks {
		if d.Enabled() {
			forks[d.Name] = a.byBits(i, n)
		}
	}
	return struct {
		Hash        string                `json:"hash"`
		Height      int32                 `json:"height"`
		ScriptFlags []string              `json:"script_flags"`
		Deployments map[string]deployment `json:"deployments"`
	}{n.Hash.String(), n.Height, flagNames(chain.ScriptFlags(p, n)), forks}
}

// byBits is a deployment by version bits as the block n found it, and as the next will
// [SoftForkDescPushBack].
func (a *API) byBits(fork int, n *chain.HeaderNode) deployment {
	d := a.Params.Forks[fork]
	now, next := a.Versions.State(fork, n.Parent), a.Versions.State(fork, n)
	state := &bip9State{Start: d.Start, Timeout: d.Timeout, MinHeight: d.MinHeight,
		Status: now.String(), Since: a.Versions.Since(fork, n.Parent), Next: next.String()}
	if now.Signals() {
		state.Bit = &d.Bit
		s := a.Versions.Signalling(fork, n)
		state.Statistics = &signalling{Period: s.Period, Elapsed: s.Elapsed, Count: s.Count}
		if now == chain.Started {
			possible := s.Possible()
			state.Statistics.Threshold, state.Statistics.Possible = &s.Threshold, &possible
		}
		for _, signals := range s.Blocks {
			state.Signalling += map[bool]string{true: "#", false: "-"}[signals]
		}
	}
	out := deployment{Type: "bip9", Active: next == chain.Active, BIP9: state}
	if out.Active {
		height := a.Versions.Since(fork, n)
		out.Height = &height
	}
	return out
}
