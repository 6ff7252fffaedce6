package jsonrpc

// A body is read through once before anything is done with it: what is no JSON, or nested too deeply, is
// answered as such. encoding/json's Valid says the same and takes several times as long, which is felt in batches.

// valid says whether b is one JSON value, nested at most maxDepth deep.
func valid(b []byte) bool {
	s := scan{b: b}
	return s.value(0) && s.next() == 0 && s.at == len(b)
}

// scan is a place in JSON. Its methods step over something, and are false where it is not there.
type scan struct {
	b  []byte
	at int
}

// next is the first byte that is no white space, which it does not step over; 0: there is none, or it is that.
func (s *scan) next() byte {
	for ; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

func (s *scan) value(depth int) bool {
	switch c := s.next(); c {
	case '"':
		return s.text()
	case '{':
		return s.list('}', depth+1)
	case '[':
		return s.list(']', depth+1)
	case 't':
		return s.word("true")
	case 'f':
		return s.word("false")
	case 'n':
		return s.word("null")
	}
	return s.number()
}

// list is an array or an object, of which each value has a name.
func (s *scan) list(end byte, depth int) bool {
	if depth > maxDepth {
		return false
	}
	s.at++
	if s.next() == end {
		s.at++
		return true
	}
	for {
		if end == '}' {
			if s.next() != '"' || !s.text() || s.next() != ':' {
				return false
			}
			s.at++
		}
		if !s.value(depth) {
			return false
		}
		switch s.next() {
		case ',':
			s.at++
		case end:
			s.at++
			return true
		default:
			return false
		}
	}
}

// text is a string; s stands at its first quote. What is within need not be UTF-8.
func (s *scan) text() bool {
	for s.at++; s.at < len(s.b); s.at++ {
		switch c := s.b[s.at]; {
		case c == '"':
			s.at++
			return true
		case c < ' ':
			return false
		case c == '\\':
			if !s.escape() {
				return false
			}
		}
	}
	return false
}

// escape stands at a backslash, and then at the last byte of what begins with it.
func (s *scan) escape() bool {
	if s.at++; s.at >= len(s.b) {
		return false
	}
	switch s.b[s.at] {
	case 'b', 'f', 'n', 'r', 't', '"', '\\', '/':
		return true
	case 'u':
		for range 4 {
			if s.at++; s.at >= len(s.b) || !isHex(s.b[s.at]) {
				return false
			}
		}
		return true
	}
	return false
}

func (s *scan) word(word string) bool {
	rest := s.b[s.at:]
	s.at += len(word)
	return len(rest) >= len(word) && string(rest[:len(word)]) == word
}

// number has no zeros before it, and a digit on each side of its point.
func (s *scan) number() bool {
	s.pass("-")
	switch {
	case s.pass("0"):
	case !s.digits():
		return false
	}
	if s.pass(".") && !s.digits() {
		return false
	}
	if s.pass("eE") {
		s.pass("+-")
		return s.digits()
	}
	return true
}

// pass steps over one of those bytes.
func (s *scan) pass(bytes string) bool {
	if s.at >= len(s.b) {
		return false
	}
	for i := range len(bytes) {
		if bytes[i] == s.b[s.at] {
			s.at++
			return true
		}
	}
	return false
}

// digits steps over one or more.
func (s *scan) digits() bool {
	from := s.at
	for s.at < len(s.b) && s.b[s.at]-'0' <= 9 {
		s.at++
	}
	return s.at > from
}
