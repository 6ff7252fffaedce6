package args

// source is a place where settings come from, the strongest first.
type source struct {
	values []value
	kind   kind
}

type kind uint8

const (
	forced kind = iota
	commandLine
	saved
	ownSection
	anySection
)

// sources are what the places say of an option [MergeSettings].
func (a *Args) sources(section, name string) (list []source) {
	if v, ok := a.forced[name]; ok {
		list = append(list, source{[]value{v}, forced})
	}
	if v, ok := a.line[name]; ok {
		list = append(list, source{v, commandLine})
	}
	if v, ok := a.saved[name]; ok {
		list = append(list, source{v, saved})
	}
	if section != "" {
		if v, ok := a.file[section][name]; ok {
			list = append(list, source{v, ownSection})
		}
	}
	if v, ok := a.file[""][name]; ok {
		list = append(list, source{v, anySection})
	}
	return list
}

// negations counts the values up to the last that negates: they are void.
func negations(list []value) int {
	for i := len(list); i > 0; i-- {
		if list[i-1] == false {
			return i
		}
	}
	return 0
}

func negatedLast(list []value) bool { return len(list) > 0 && list[len(list)-1] == false }

// ownOnly: for this network the option counts in the network's own section alone.
func (a *Args) ownOnly(name string) bool {
	return a.network != "main" && a.known[name]&NetworkOnly != 0
}

// get is the one value of an option; nil when nobody has set it [GetSetting].
func (a *Args) get(name string) value {
	for _, s := range a.sources(a.network, name) {
		if s.kind == anySection && a.ownOnly(name) && !negatedLast(s.values) {
			continue
		}
		switch {
		case negatedLast(s.values):
			return false
		case len(s.values) == 0:
		case s.kind == ownSection || s.kind == anySection: // of a file the first counts
			return s.values[negations(s.values)]
		default:
			return s.values[len(s.values)-1]
		}
	}
	return nil
}

// chainSwitch is -regtest and its like: of a file the last counts as well, and a
// negated one of the command line is passed over.
func (a *Args) chainSwitch(name string) bool {
	for _, s := range a.sources("", name) {
		if len(s.values) == 0 || negatedLast(s.values) {
			continue
		}
		if v, ok := s.values[len(s.values)-1].(bool); ok {
			return v
		}
		return truth(text(s.values[len(s.values)-1]))
	}
	return false
}

// List is every value of an option that may be repeated [GetSettingsList].
func (a *Args) List(name string) (list []string) {
	done, none := false, false
	for _, s := range a.sources(a.network, name) {
		if s.kind == anySection && a.ownOnly(name) {
			continue
		}
		// Words of the command line after a negation bring the file's back: Core does so.
		back := s.kind >= ownSection && !none
		if !done || back {
			for _, v := range s.values[negations(s.values):] {
				list = append(list, each(v)...)
			}
		}
		done = done || negations(s.values) > 0 || s.kind == forced
		none = none || negatedLast(s.values) && len(list) == 0
	}
	return list
}

// each is a value of settings.json, which may be a list.
func each(v value) (list []string) {
	many, ok := v.([]any)
	if !ok {
		return []string{text(v)}
	}
	for _, v := range many {
		list = append(list, text(v))
	}
	return list
}

// Misplaced are the options that the file sets outside any section although, on
// this network, they count only inside [GetUnsuitableSectionOnlyArgs].
func (a *Args) Misplaced() (names []string) {
	if a.network == "" || a.network == "main" {
		return nil
	}
	for _, name := range a.Names() {
		if a.known[name]&NetworkOnly == 0 {
			continue
		}
		outside, elsewhere := false, false
		for _, s := range a.sources(a.network, name) {
			switch {
			case len(s.values) == 0 || negatedLast(s.values):
			case s.kind == anySection:
				outside = true
			default:
				elsewhere = true
			}
		}
		if outside && !elsewhere {
			names = append(names, name)
		}
	}
	return names
}
