package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/btcsuite/btcd/chainhash/v2"

	"grapevine/chain"
	"grapevine/cmd/grapevine/args"
)

const (
	mib = 1 << 20
	// minCache and maxCache bound -dbcache in MiB [nMinDbCache, nMaxDbCache].
	minCache, maxCache = 4, 16384
	// maxTipAge in seconds is a hundred years: older tips there are none.
	maxTipAge = 100 * 365 * 86_400
)

// elsewhere: the option is read together with others, or by the program itself.
func elsewhere(*setup) error { return nil }

// network makes the network's rules.
func (s *setup) network() (err error) {
	if s.chain == "signet" {
		return s.signet()
	}
	s.cfg.Params, err = chain.ForNetwork(s.chain)
	return err
}

// signet makes the public signet, or the one of -signetchallenge.
func (s *setup) signet() (err error) {
	given := s.List("signetchallenge")
	switch len(given) {
	case 0:
		s.cfg.Params, err = chain.ForNetwork("signet")
		return err
	case 1:
	default:
		return errors.New("-signetchallenge cannot be multiple values.")
	}
	challenge, err := hex.DecodeString(given[0])
	if err != nil || len(challenge) == 0 {
		return fmt.Errorf("-signetchallenge must be hex, not '%s'.", given[0])
	}
	s.cfg.Params = chain.SigNet(challenge)
	return nil
}

// blocksDir is where the chain's file lies: below -blocksdir, whose default is the
// data directory [GetBlocksDirPath].
func (s *setup) blocksDir() error {
	dir := s.DataDir()
	if s.Has("blocksdir") {
		dir = s.Path("blocksdir", "")
		if st, err := os.Stat(dir); err != nil || !st.IsDir() {
			return fmt.Errorf("Specified blocks directory \"%s\" does not exist.", s.String("blocksdir", ""))
		}
	}
	s.cfg.ChainDir = filepath.Join(dir, args.DirOf(s.chain), "blocks")
	return os.MkdirAll(s.cfg.ChainDir, 0o700)
}

func setTxIndex(s *setup) error {
	s.cfg.TxIndex = s.Bool("txindex", false)
	return nil
}

func setCoinStatsIndex(s *setup) error {
	s.cfg.CoinStatsIndex = s.Bool("coinstatsindex", false)
	return nil
}

func setFilterIndex(s *setup) error {
	if v := s.String("blockfilterindex", ""); v == "" || v == "1" || v == "0" {
		s.cfg.FilterIndex = v != "0"
		return nil
	}
	for _, kind := range s.List("blockfilterindex") {
		if kind != "basic" {
			return fmt.Errorf("Unknown -blockfilterindex value %s.", kind)
		}
		s.cfg.FilterIndex = true
	}
	return nil
}

func setCache(s *setup) error {
	s.cfg.DBCache = min(max(s.Int("dbcache", 0), minCache), maxCache) * mib
	return nil
}

func setAssumeValid(s *setup) error {
	text := s.String("assumevalid", "")
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	hash, err := chainhash.NewHashFromStr(digits)
	if err != nil {
		return fmt.Errorf("Invalid non-hex (%s) assumevalid value specified", text)
	}
	s.cfg.AssumeValid = nil
	if *hash != (chain.Hash{}) {
		s.cfg.AssumeValid = hash
	}
	return nil
}

func setMinimumWork(s *setup) (err error) {
	text := s.String("minimumchainwork", "")
	digits := strings.TrimPrefix(strings.TrimPrefix(text, "0x"), "0X")
	if s.cfg.Params.MinimumChainWork, err = chain.ParseWork(digits); err != nil {
		return fmt.Errorf("Invalid non-hex (%s) minimum chain work value specified", text)
	}
	return nil
}

// setVersionBits reads name:start:end[:height] of a deployment [ReadRegTestArgs].
func setVersionBits(s *setup) error {
	if !s.cfg.Params.Local() {
		return nil
	}
	for _, text := range s.List("vbparams") {
		parts := strings.Split(text, ":")
		if len(parts) < 3 || len(parts) > 4 {
			return errors.New("Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]")
		}
		d := chain.Deployment{Name: parts[0]}
		var err error
		if d.Start, err = strconv.ParseInt(parts[1], 10, 64); err != nil {
			return fmt.Errorf("Invalid nStartTime (%s)", parts[1])
		}
		if d.Timeout, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
			return fmt.Errorf("Invalid nTimeout (%s)", parts[2])
		}
		if len(parts) == 4 {
			height, err := strconv.ParseInt(parts[3], 10, 32)
			if err != nil {
				return fmt.Errorf("Invalid min_activation_height (%s)", parts[3])
			}
			d.MinHeight = int32(height)
		}
		if s.cfg.Params.SetDeployment(d) != nil {
			return fmt.Errorf("Invalid deployment (%s)", d.Name)
		}
	}
	return nil
}

func setActivationHeight(s *setup) error {
	for _, text := range s.List("testactivationheight") {
		name, digits, found := strings.Cut(text, "@")
		if !found {
			return fmt.Errorf("Invalid format (%s) for -testactivationheight=name@height.", text)
		}
		height, err := strconv.ParseInt(digits, 10, 32)
		if err != nil || height < 0 || height == math.MaxInt32 {
			return fmt.Errorf("Invalid height value (%s) for -testactivationheight=name@height.", text)
		}
		if !s.cfg.Params.Local() {
			continue
		}
		if err := s.cfg.Params.Activate(name, int32(height)); err != nil {
			return fmt.Errorf("Invalid name (%s) for -testactivationheight=name@height.", text)
		}
	}
	return nil
}

func setMaxTipAge(s *setup) error {
	s.cfg.Manners.MaxTipAge = time.Duration(min(max(s.Int("maxtipage", 0), 1), maxTipAge)) * time.Second
	return nil
}

// setTestOptions reads -test, which regtest alone takes.
func setTestOptions(s *setup) error {
	if s.chain != "regtest" {
		return fmt.Errorf("-test=<option> can only be used with regtest")
	}
	for _, what := range s.List("test") {
		switch what {
		case "bip94":
			s.cfg.Params.EnforceBIP94 = true
		case "addrman":
			s.cfg.FixedBook = true
		default:
			s.warn(fmt.Sprintf(`Unrecognised option "%s" provided in -test=<option>.`, what))
		}
	}
	return nil
}
