package bitcoind

import (
	"strings"
	"testing"
	"time"

	"grapevine/chain/policy"
	"grapevine/cmd/node"
)

func TestOptionsOfThePool(t *testing.T) {
	usual := policy.Core31()
	for line, holds := range map[string]func(*node.Config) bool{
		"": func(c *node.Config) bool {
			return c.Policy == usual && c.PoolBytes == 300*mb && c.PoolExpiry == 0 && !c.ForgetPool
		},
		"-minrelaytxfee=0":                func(c *node.Config) bool { return c.Policy.MinRelay == 0 },
		"-minrelaytxfee=0.00005":          func(c *node.Config) bool { return c.Policy.MinRelay == 5000 },
		"-incrementalrelayfee=0.0002":     func(c *node.Config) bool { return c.Policy.Increment == 20_000 && c.Policy.MinRelay == 20_000 },
		"-dustrelayfee=0":                 func(c *node.Config) bool { return c.Policy.DustRelay == 0 },
		"-blockmintxfee=0.001":            func(c *node.Config) bool { return c.Policy.BlockMin == 100_000 },
		"-datacarrier=0":                  func(c *node.Config) bool { return c.Policy.DataCarrier == policy.NoData },
		"-datacarriersize=7":              func(c *node.Config) bool { return c.Policy.DataCarrier == 7 },
		"-datacarriersize=-1":             func(c *node.Config) bool { return c.Policy.DataCarrier == 1<<32-1 },
		"-acceptnonstdtxn":                func(c *node.Config) bool { return c.Policy.AnyForm },
		"-nopermitbaremultisig":           func(c *node.Config) bool { return c.Policy.NoBareMultisig },
		"-mempoolfullrbf=0":               func(c *node.Config) bool { return c.Policy.OptIn },
		"-bytespersigop=5":                func(c *node.Config) bool { return c.Policy.BytesPerSigOp == 5 },
		"-limitancestorcount=3":           func(c *node.Config) bool { return c.Policy.Chains.Ancestors == 3 },
		"-limitdescendantsize=100":        func(c *node.Config) bool { return c.Policy.Chains.DescendantSize == 100_000 },
		"-maxmempool=5":                   func(c *node.Config) bool { return c.PoolBytes == 5*mb },
		"-maxmempool=99999999999999":      func(c *node.Config) bool { return c.PoolBytes > 0 },
		"-mempoolexpiry=2":                func(c *node.Config) bool { return c.PoolExpiry == 2*time.Hour },
		"-mempoolexpiry=-1":               func(c *node.Config) bool { return c.PoolExpiry == 1 },
		"-mempoolexpiry=9999999999999999": func(c *node.Config) bool { return c.PoolExpiry > time.Hour },
		"-nopersistmempool":               func(c *node.Config) bool { return c.ForgetPool },
		"-persistmempoolv1":               func(c *node.Config) bool { return c.PlainPoolFile },
		"-blockmaxweight=10":              func(c *node.Config) bool { return c.BlockWeight == 10 },
		"-blockversion=0":                 func(c *node.Config) bool { return c.BlockVersion != nil && *c.BlockVersion == 0 },
		"-printpriority":                  func(c *node.Config) bool { return c.PrintPriority },
		"-acceptstalefeeestimates":        func(c *node.Config) bool { return c.StaleEstimates },
	} {
		if cfg, err := applied(t, strings.Fields(line)...); err != nil || !holds(cfg) {
			t.Errorf("%s: %v", line, err)
		}
	}
	for line, want := range map[string]string{
		"-minrelaytxfee=x":                        "Invalid amount for -minrelaytxfee=<amount>: 'x'",
		"-incrementalrelayfee=-1":                 "Invalid amount for -incrementalrelayfee=<amount>: '-1'",
		"-dustrelayfee=0.000000001":               "Invalid amount for -dustrelayfee=<amount>: '0.000000001'",
		"-blockmintxfee=21000001":                 "Invalid amount for -blockmintxfee=<amount>: '21000001'",
		"-maxmempool=4":                           "-maxmempool must be at least 5 MB",
		"-maxmempool=-1":                          "-maxmempool must be at least 5 MB",
		"-limitdescendantsize=1000 -maxmempool=9": "-maxmempool must be at least 40 MB",
	} {
		if _, err := applied(t, strings.Fields(line)...); err == nil || err.Error() != want {
			t.Errorf("%s: %v", line, err)
		}
	}
}
