package show

import (
	"strings"

	"grapevine/cmd/rpc/jsonrpc"
)

// FeeMode refuses a word that is none of Core's ways to estimate a fee; no word is one.
func FeeMode(word string, c *jsonrpc.Call) {
	switch strings.ToLower(word) {
	case "", "unset", "economical", "conservative":
	default:
		c.Refuse(jsonrpc.CodeInvalidParam, `Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"`)
	}
}

// MaxTarget is the longest wait that fees are estimated for, in blocks (Core).
const MaxTarget = 1008

// FeeTarget is within how many blocks a transaction should be confirmed, as clients say it [ParseConfirmTarget].
func FeeTarget(blocks int64, c *jsonrpc.Params) int {
	if blocks < 1 || blocks > MaxTarget {
		c.Refuse(jsonrpc.CodeInvalidParam, "Invalid conf_target, must be between 1 and %d", MaxTarget)
	}
	return int(blocks)
}
