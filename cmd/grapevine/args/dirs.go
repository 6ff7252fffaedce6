package args

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"os"
	"path/filepath"
)

// Path is an option that names a file; "" when it is negated [GetPathArg].
func (a *Args) Path(name, fallback string) string {
	if a.Negated(name) {
		return ""
	}
	if s := a.String(name, ""); s != "" {
		return filepath.Clean(s)
	}
	return fallback
}

// DataDir is the directory that holds those of all networks.
func (a *Args) DataDir() string {
	dir := a.Path("datadir", "")
	if dir == "" {
		return filepath.Join(a.home, ".bitcoin")
	}
	if abs, err := filepath.Abs(dir); err == nil {
		return abs
	}
	return dir
}

// DataDirMissing says whether -datadir names no directory.
func (a *Args) DataDirMissing() bool {
	if a.Path("datadir", "") == "" {
		return false
	}
	st, err := os.Stat(a.DataDir())
	return err != nil || !st.IsDir()
}

// NetDir is the directory of the network that is selected.
func (a *Args) NetDir() string { return filepath.Join(a.DataDir(), DirOf(a.network)) }

// Below is an option that names a file, seen from the network's directory if it
// is relative; "" when it is negated.
func (a *Args) Below(name, fallback string) string {
	path := a.Path(name, fallback)
	if path == "" {
		return ""
	}
	return a.below(a.NetDir(), path)
}

// DirOf is where a chain's files lie below the data directory.
func DirOf(chain string) string {
	switch chain {
	case "main":
		return ""
	case "test":
		return "testnet3"
	}
	return chain
}

// chainText is the chain that is asked for, even if there is none of that name.
func (a *Args) chainText() string {
	chain, _ := a.Chain()
	return chain
}

// Chain is the chain that is asked for, by Core's name of it: main, test,
// testnet4, signet or regtest [GetChainArg].
func (a *Args) Chain() (string, error) {
	asked := ""
	for _, s := range [][2]string{{"regtest", "regtest"}, {"signet", "signet"}, {"testnet", "test"}, {"testnet4", "testnet4"}} {
		if !a.chainSwitch(s[0]) {
			continue
		}
		if asked != "" || a.Has("chain") {
			return "", errors.New("Invalid combination of -regtest, -signet, -testnet, -testnet4 and -chain. Can use at most one.")
		}
		asked = s[1]
	}
	if !a.Has("chain") {
		if asked == "" {
			asked = "main"
		}
		return asked, nil
	}
	asked = a.String("chain", "")
	switch asked {
	case "main", "test", "testnet4", "signet", "regtest":
		return asked, nil
	}
	return asked, errors.New("Unknown chain " + asked + ".")
}
