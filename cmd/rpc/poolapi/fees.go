package poolapi

import (
	"context"
	"math"
	"strings"

	"grapevine/chain/mempool/estimate"
	"grapevine/cmd/rpc/jsonrpc"
	"grapevine/cmd/rpc/show"
)

// feeRows say what fees are worth.
func (a *API) feeRows() []jsonrpc.Method {
	return append(jsonrpc.Group("Util",
		jsonrpc.Method{Name: "estimatesmartfee", Params: "conf_target:int estimate_mode:text=economical", Do: a.estimateSmartFee,
			Help: "The fee rate (BTC/kvB) that is likely to bring a transaction into a block within conf_target blocks, by what the pool has seen; errors when it has seen too little.", Example: "6"},
	), jsonrpc.Method{Name: "estimaterawfee", Params: "conf_target:int threshold:num=0.95", Do: a.estimateRawFee,
		Help: "What the estimates go by: for each horizon that tells conf_target apart the lowest fee rate (BTC/kvB) of which a share of threshold was confirmed in time, with the ranges of rates that passed and failed (satoshis per kvB).", Example: "6 0.9"})
}

func errNoEstimates() error { return jsonrpc.Errorf(jsonrpc.CodeInternal, "Fee estimation disabled") }

type feeEstimate struct {
	Rate   *jsonrpc.Amount `json:"feerate,omitempty"` // bitcoins per 1,000 virtual bytes
	Errors []string        `json:"errors,omitempty"`
	Blocks int             `json:"blocks"`
}

// estimateSmartFee always has errors where it has no fee rate: some clients
// read one of the two without looking.
func (a *API) estimateSmartFee(_ context.Context, c *jsonrpc.Call) (any, error) {
	if a.NoEstimates {
		return nil, errNoEstimates()
	}
	target, mode := show.FeeTarget(c.Int("conf_target"), &c.Params), c.String("estimate_mode")
	show.FeeMode(mode, c)
	if err := c.Err(); err != nil {
		return nil, err
	}
	rate, blocks, ok := a.Pool.EstimateFee(target, strings.EqualFold(mode, "conservative"))
	if !ok {
		return feeEstimate{Errors: []string{"Insufficient data or no feerate found"}, Blocks: blocks}, nil
	}
	perKB := jsonrpc.Amount(rate)
	return feeEstimate{Rate: &perKB, Blocks: blocks}, nil
}

type feeRange struct {
	Start        float64 `json:"startrange"`
	End          float64 `json:"endrange"`
	WithinTarget float64 `json:"withintarget"`
	Confirmed    float64 `json:"totalconfirmed"`
	InPool       float64 `json:"inmempool"`
	Left         float64 `json:"leftmempool"`
}

func newFeeRange(r estimate.Range) *feeRange {
	cents := func(x float64) float64 { return math.Round(x*100) / 100 }
	return &feeRange{math.Round(r.Start), math.Round(r.End), cents(r.WithinTarget), cents(r.Confirmed), cents(r.InPool), cents(r.Left)}
}

type feeHorizon struct {
	Rate   *jsonrpc.Amount `json:"feerate,omitempty"`
	Decay  float64         `json:"decay"`
	Scale  int             `json:"scale"`
	Pass   *feeRange       `json:"pass,omitempty"`
	Fail   *feeRange       `json:"fail,omitempty"`
	Errors []string        `json:"errors,omitempty"`
}

func newFeeHorizon(r estimate.Raw) *feeHorizon {
	h := &feeHorizon{Decay: r.Decay, Scale: r.Scale}
	if r.Fail != nil {
		h.Fail = newFeeRange(*r.Fail)
	}
	if r.Rate <= 0 {
		h.Errors = []string{"Insufficient data or no feerate found which meets threshold"}
		return h
	}
	rate := jsonrpc.Amount(math.Round(r.Rate))
	h.Rate, h.Pass = &rate, newFeeRange(r.Pass)
	return h
}

func (a *API) estimateRawFee(_ context.Context, c *jsonrpc.Call) (any, error) {
	if a.NoEstimates {
		return nil, errNoEstimates()
	}
	target, share := show.FeeTarget(c.Int("conf_target"), &c.Params), c.Float("threshold")
	if share < 0 || share > 1 {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid threshold")
	}
	if err := c.Err(); err != nil {
		return nil, err
	}
	var answer struct {
		Short  *feeHorizon `json:"short,omitempty"`
		Medium *feeHorizon `json:"medium,omitempty"`
		Long   *feeHorizon `json:"long,omitempty"`
	}
	for which, into := range []**feeHorizon{&answer.Short, &answer.Medium, &answer.Long} {
		if raw, ok := a.Pool.RawEstimate(target, share, estimate.Which(which)); ok {
			*into = newFeeHorizon(raw)
		}
	}
	return answer, nil
}
