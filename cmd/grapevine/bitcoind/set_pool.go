package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"
	"log/slog"
	"math"
	"time"

	"grapevine/chain"
	"grapevine/chain/policy"
)

const (
	mb = 1_000_000 // -maxmempool
	kb = 1_000     // -limitancestorsize, -limitdescendantsize

	// defaultPoolMB is the default of -maxmempool [DEFAULT_MAX_MEMPOOL_SIZE_MB].
	defaultPoolMB = 300
	// poolOfChains: the pool holds so many chains of the largest size at least [Flatten].
	poolOfChains = 40
)

// pool sets the rules of relay and the pool [ApplyArgsManOptions, Flatten]; the
// rules of a release are set already.
func (s *setup) pool() error {
	for _, set := range []func() error{s.relayFees, s.relayForms, s.chains, s.poolSize, s.poolFile} {
		s.later(set())
	}
	return s.blocks()
}

// feeOption reads an option's fee rate in bitcoins per 1,000 virtual bytes.
func (s *setup) feeOption(name string, into *policy.FeeRate) error {
	if !s.Has(name) {
		return nil
	}
	text := s.String(name, "")
	fee, err := chain.ParseAmount(text)
	if err != nil || fee < 0 {
		return fmt.Errorf("Invalid amount for -%s=<amount>: '%s'", name, text)
	}
	*into = policy.FeeRate(fee)
	return nil
}

func (s *setup) relayFees() error {
	p := &s.cfg.Policy
	if err := s.feeOption("incrementalrelayfee", &p.Increment); err != nil {
		return err
	}
	if err := s.feeOption("minrelaytxfee", &p.MinRelay); err != nil {
		return err
	}
	if !s.Has("minrelaytxfee") && p.Increment > p.MinRelay {
		p.MinRelay = p.Increment
		s.say(slog.LevelInfo, fmt.Sprintf("Increasing minrelaytxfee to %s to match incrementalrelayfee", p.MinRelay))
	}
	return s.feeOption("dustrelayfee", &p.DustRelay)
}

func (s *setup) relayForms() error {
	p := &s.cfg.Policy
	p.NoBareMultisig = !s.Bool("permitbaremultisig", true)
	p.BytesPerSigOp = int(s.Int("bytespersigop", int64(p.BytesPerSigOp)))
	switch {
	case !s.Bool("datacarrier", true):
		p.DataCarrier = policy.NoData
	case s.Has("datacarriersize"):
		p.DataCarrier = int64(uint32(s.Int("datacarriersize", 0))) // as Core counts what is below 0
	}
	p.AnyForm = s.Bool("acceptnonstdtxn", false)
	if p.AnyForm && s.chain == "main" {
		return fmt.Errorf("acceptnonstdtxn is not currently supported for %s chain", s.chain)
	}
	p.OptIn = !s.Bool("mempoolfullrbf", true)
	if p.OptIn {
		s.say(slog.LevelInfo, "Warning: mempoolfullrbf=0 set but deprecated and will be removed in a future release")
	}
	return nil
}

func (s *setup) chains() error {
	c := &s.cfg.Policy.Chains
	for name, limit := range map[string]*int{"limitancestorcount": &c.Ancestors, "limitdescendantcount": &c.Descendants} {
		*limit = int(s.Int(name, int64(*limit)))
	}
	for name, limit := range map[string]*int{"limitancestorsize": &c.AncestorSize, "limitdescendantsize": &c.DescendantSize} {
		if s.Has(name) {
			*limit = int(within(s.Int(name, 0), math.MaxInt64/(kb*poolOfChains))) * kb
		}
	}
	return nil
}

// within keeps a number within ±most, so that it can be multiplied.
func within(n, most int64) int64 { return min(max(n, -most), most) }

func (s *setup) poolSize() error {
	bytes := within(s.Int("maxmempool", defaultPoolMB), math.MaxInt64/mb) * mb
	least := int64(s.cfg.Policy.Chains.DescendantSize) * poolOfChains
	if bytes < max(least, 0) {
		return fmt.Errorf("-maxmempool must be at least %.0f MB", math.Ceil(float64(least)/mb))
	}
	s.cfg.PoolBytes = max(bytes, 1) // 0 would be the default
	if s.Has("mempoolexpiry") {
		hours := within(s.Int("mempoolexpiry", 0), math.MaxInt64/int64(time.Hour))
		s.cfg.PoolExpiry = max(time.Duration(hours)*time.Hour, 1) // likewise
	}
	return nil
}

func (s *setup) poolFile() error {
	s.cfg.ForgetPool = !s.Bool("persistmempool", true)
	s.cfg.PlainPoolFile = s.Bool("persistmempoolv1", false)
	return nil
}

// blocks sets what blocks of our own are made by [BlockAssembler::Options].
func (s *setup) blocks() error {
	if s.Has("blockmaxweight") {
		s.cfg.BlockWeight = int(max(s.Int("blockmaxweight", 0), 1)) // 0 would be the default
	}
	if s.Has("blockversion") && s.cfg.Params.Local() { // where blocks are made on demand
		version := int32(s.Int("blockversion", 0))
		s.cfg.BlockVersion = &version
	}
	s.cfg.PrintPriority = s.Bool("printpriority", false)
	return s.feeOption("blockmintxfee", &s.cfg.Policy.BlockMin)
}

// setStaleEstimates: the option is regtest's alone.
func setStaleEstimates(s *setup) error {
	s.cfg.StaleEstimates = s.Bool("acceptstalefeeestimates", false)
	if s.cfg.StaleEstimates && !s.cfg.Params.Local() {
		s.later(fmt.Errorf("acceptstalefeeestimates is not supported on %s chain.", s.chain))
	}
	return nil
}
