package args

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which people search for

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"grapevine/db"
)

// ConfName is the file that is read where -conf names none.
const ConfName = "bitcoin.conf"

// maxConf bounds a configuration file: people write them.
const maxConf = 16 << 20

// ReadConf reads bitcoin.conf with the files that it includes [ReadConfigFiles].
// Options of the file that nobody knows are noted and passed over.
func (a *Args) ReadConf() error {
	if a.Negated("conf") { // -noconf
		return a.checkDataDir()
	}
	path := a.ConfPath()
	a.conf = path // the file may name another data directory
	raw, err := db.ReadFile(path, maxConf)
	switch {
	case err != nil && a.Has("conf"):
		return fmt.Errorf("specified config file \"%s\" could not be opened.", path)
	case err != nil:
		return a.checkDataDir()
	}
	if err := a.readConf(raw, path); err != nil {
		return err
	}
	if list := a.line["includeconf"]; len(list) == 0 { // else -noincludeconf
		if err := a.readIncluded(); err != nil {
			return err
		}
	}
	return a.checkDataDir()
}

// checkDataDir: the file may have named another directory.
func (a *Args) checkDataDir() error {
	if a.DataDirMissing() {
		return fmt.Errorf("specified data directory \"%s\" does not exist.", a.String("datadir", ""))
	}
	return nil
}

// readIncluded reads the files that the file names; those name no further ones.
func (a *Args) readIncluded() error {
	chain := a.chainText()
	names := slices.Concat(a.includes(chain, 0), a.includes("", 0))
	own, any := len(a.file[chain]["includeconf"]), len(a.file[""]["includeconf"])
	for _, name := range names {
		raw, err := db.ReadFile(a.below(a.DataDir(), name), maxConf)
		if err != nil {
			return errors.New("Failed to include configuration file " + name)
		}
		if err := a.readConf(raw, name); err != nil {
			return err
		}
		a.Notes = append(a.Notes, "Included configuration file "+name)
	}
	late := slices.Concat(a.includes(chain, own), a.includes("", any))
	if now := a.chainText(); now != chain {
		late = append(late, a.includes(now, 0)...)
	}
	for _, name := range late {
		a.Warn = append(a.Warn, "warning: -includeconf cannot be used from included files; ignoring -includeconf="+name)
	}
	return nil
}

func (a *Args) includes(section string, skip int) (names []string) {
	list := a.file[section]["includeconf"]
	for _, v := range list[min(len(list), max(skip, negations(list))):] {
		names = append(names, text(v))
	}
	return names
}

// readConf takes one file's settings [ReadConfigStream].
func (a *Args) readConf(raw []byte, path string) error {
	lines, err := a.confLines(string(raw), path)
	if err != nil {
		return err
	}
	for _, l := range lines {
		k := parseKey(l.name)
		if k.name == "conf" {
			return errors.New("conf cannot be set in the configuration file; use includeconf= if you want to include additional config files")
		}
		if k.name == "reindex" {
			a.Notes = append(a.Notes, "Warning: reindex=1 is set in the configuration file, which will significantly slow down startup. "+
				"Consider removing or commenting out this option for better performance, unless there is currently a condition which makes rebuilding the indexes necessary")
		}
		if _, known := a.known[k.name]; !known {
			a.Notes = append(a.Notes, "Ignoring unknown configuration value "+l.name)
			continue
		}
		v, err := a.interpret(k, l.text, true)
		if err != nil {
			return err
		}
		if a.file[k.section] == nil {
			a.file[k.section] = map[string][]value{}
		}
		a.file[k.section][k.name] = append(a.file[k.section][k.name], v)
	}
	return nil
}

// confLine is one setting as it is written, its section before it.
type confLine struct{ name, text string }

const blanks = " \t\r\n"

// confLines splits a file [GetConfigOptions].
func (a *Args) confLines(all, path string) (list []confLine, err error) {
	prefix, n := "", 0
	for line := range strings.SplitSeq(all, "\n") {
		n++
		line, _, hash := strings.Cut(line, "#")
		line = strings.Trim(line, blanks)
		name, text, set := strings.Cut(line, "=")
		switch {
		case line == "":
		case line[0] == '[' && line[len(line)-1] == ']':
			section := line[1 : len(line)-1]
			a.marks = append(a.marks, Mark{section, path, n})
			prefix = section + "."
		case line[0] == '-':
			return nil, fmt.Errorf("parse error on line %d: %s, options in configuration file must be specified without leading -", n, line)
		case set:
			name = prefix + strings.Trim(name, blanks)
			if hash && strings.Contains(name, "rpcpassword") {
				return nil, fmt.Errorf("parse error on line %d, using # in rpcpassword can be ambiguous and should be avoided", n)
			}
			list = append(list, confLine{name, strings.Trim(text, blanks)})
			if at := strings.LastIndex(name, "."); at >= 0 && len(prefix) <= at {
				a.marks = append(a.marks, Mark{name[:at], path, n})
			}
		case strings.HasPrefix(line, "no"):
			return nil, fmt.Errorf("parse error on line %d: %s, if you intended to specify a negated option, use %s=1 instead", n, line, line)
		default:
			return nil, fmt.Errorf("parse error on line %d: %s", n, line)
		}
	}
	return list, nil
}

// UnknownSections are the places of the files that name a section which is no
// network's.
func (a *Args) UnknownSections() (list []Mark) {
	for _, m := range a.marks {
		if !slices.Contains([]string{"main", "test", "testnet4", "signet", "regtest"}, m.Section) {
			list = append(list, m)
		}
	}
	return list
}

// ConfPath is the configuration file's path.
func (a *Args) ConfPath() string {
	if a.conf != "" {
		return a.conf
	}
	return a.below(a.DataDir(), a.Path("conf", ConfName))
}

// below is path, seen from dir if it is relative.
func (a *Args) below(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
