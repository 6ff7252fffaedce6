package bitcoind

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"fmt"
	"os"
	"path/filepath"

	"grapevine/cmd/node"
	"grapevine/wallet"
)

// wallets says where wallets are and which are loaded at the start.
func (s *setup) wallets() error {
	dir := filepath.Join(s.NetDir(), "wallets")
	if st, err := os.Stat(dir); err != nil || !st.IsDir() {
		dir = s.NetDir() // as in Core
	}
	if s.Has("walletdir") {
		said := s.Path("walletdir", "")
		st, err := os.Stat(said)
		switch {
		case err != nil:
			return fmt.Errorf("Specified -walletdir \"%s\" does not exist", said)
		case !st.IsDir():
			return fmt.Errorf("Specified -walletdir \"%s\" is not a directory", said)
		case !filepath.IsAbs(said):
			return fmt.Errorf("Specified -walletdir \"%s\" is a relative path", said)
		}
		dir = said
	}
	s.cfg.Wallets = node.Wallets{Dir: dir, File: "wallet.dat", Asked: true, Names: s.List("wallet"), Saved: s.Saved("wallet"), Default: !s.Has("wallet"),
		Save: func(names []string) error { return s.SaveList("wallet", names) }, Warn: s.warn,
		Warnings: s.cfg.Wallets.Warnings}
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

// setChangeType reads the kind of change.
func setChangeType(s *setup) error {
	name := s.String("changetype", "")
	kind, ok := wallet.KindNamed(name)
	if !ok {
		return fmt.Errorf("Unknown change type '%s'", name)
	}
	s.cfg.ChangeKind = &kind
	return nil
}
