package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"

	"grapevine/wallet"
)

func setWallets(s *setup) error {
	s.cfg.LoadWallets = s.List("wallet")
	return nil
}

func setKeypool(s *setup) error {
	s.cfg.Keypool = uint32(min(max(1, s.Int("keypool", 0)), wallet.MaxLookahead))
	return nil
}

// setAddressType reads the kind of new addresses.
func setAddressType(s *setup) error {
	name := s.String("addresstype", "")
	kind, ok := wallet.KindNamed(name)
	if !ok {
		return fmt.Errorf("Unknown address type '%s'", name)
	}
	s.cfg.AddressKind = kind
	return nil
}

// setChangeType checks the kind of change, which follows what is paid.
func setChangeType(s *setup) error {
	name := s.String("changetype", "")
	if _, ok := wallet.KindNamed(name); !ok {
		return fmt.Errorf("Unknown change type '%s'", name)
	}
	s.warn("-changetype changes nothing: change is of a kind that is paid.")
	return nil
}

// onlyOn refuses to switch an option off.
func onlyOn(name string) func(*setup) error {
	return func(s *setup) error {
		if s.off(name) {
			return fmt.Errorf("-%s=0 is not supported: not built", name)
		}
		return nil
	}
}
