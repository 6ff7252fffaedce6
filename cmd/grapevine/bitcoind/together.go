package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"
	"os"

	"grapevine/chain/policy"
	"grapevine/p2p"
)

// soften sets the options that follow from others [InitParameterInteraction].
func (s *setup) soften() {
	because := func(why, name, text string) {
		if s.SoftSet(name, text) {
			s.Notes = append(s.Notes, fmt.Sprintf("parameter interaction: %s -> setting -%s=%s", why, name, text))
		}
	}
	for _, bind := range []string{"bind", "whitebind"} {
		if s.Has(bind) {
			because("-"+bind+" set", "listen", "1")
		}
	}
	if s.Has("connect") || s.Int("maxconnections", 1) <= 0 {
		because("-connect or -maxconnections=0 set", "dnsseed", "0")
		because("-connect or -maxconnections=0 set", "listen", "0")
	}
	if proxy := s.String("proxy", ""); proxy != "" && proxy != "0" {
		because("-proxy set", "listen", "0")
		because("-proxy set", "discover", "0")
	}
	if nets, err := p2p.ParseNetworks(s.List("onlynet")); err == nil && !(p2p.Roads{OnlyNets: nets}).Internet() {
		because("-onlynet excludes IPv4 and IPv6", "dnsseed", "0")
	}
	if !s.Bool("listen", true) {
		because("-listen=0", "discover", "0")
		because("-listen=0", "listenonion", "0")
		because("-listen=0", "i2pacceptincoming", "0")
	}
	if s.Has("externalip") {
		because("-externalip set", "discover", "0")
	}
	if s.Bool("blocksonly", false) {
		because("-blocksonly=1", "whitelistrelay", "0")
		because("-blocksonly=1", "maxmempool", "5")
	}
	if s.Bool("whitelistforcerelay", false) {
		because("-whitelistforcerelay=1", "whitelistrelay", "1")
	}
}

// together sets what several options, or their absence, decide.
func (s *setup) together() (err error) {
	if name := os.Getenv("GRAPEVINE_POLICY"); name != "" {
		if s.cfg.Policy, err = policy.ParseRules(name); err != nil {
			return fmt.Errorf("GRAPEVINE_POLICY: %w", err)
		}
		if name == policy.Core28().Name {
			s.as28()
		}
	}
	s.cfg.Manners.PunishTxs = s.cfg.Policy.PunishTxs
	if s.Bool("peerblockfilters", false) && !s.cfg.FilterIndex {
		return errors.New("Cannot set -peerblockfilters without -blockfilterindex.")
	}
	if err := s.pool(); err != nil {
		return err
	}
	s.cfg.Wallet = !s.Bool("disablewallet", false)
	if s.cfg.Wallet {
		s.later(s.habits())
		s.later(s.wallets())
	}
	if err := s.addresses(); err != nil {
		return err
	}
	s.rebuilding()
	if err := s.pruning(); err != nil {
		return err
	}
	s.later(s.zeroMQNotifiers())
	s.later(s.rpc())
	return nil
}

// as28 switches on what 28.1 checked and later releases do not: time warps on regtest, which they
// refuse only with -test=bip94, and forks before a checkpoint.
func (s *setup) as28() {
	if s.chain == "regtest" {
		s.cfg.Params.EnforceBIP94 = true
	}
	if s.Bool("checkpoints", true) {
		s.cfg.Params.HoldCheckpoints()
	}
}
