package args

import (
	"strconv"
	"strings"
)

// SplitHostPort reads HOST[:PORT] and [HOST][:PORT]: a colon is a port's where it
// is the only one or comes behind brackets [SplitHostPort]. Port 0 is none; ok is
// false where what should be a port is none.
func SplitHostPort(s string) (host string, port uint16, ok bool) {
	host = s
	colon := strings.LastIndexByte(s, ':')
	bracketed := colon > 0 && s[0] == '[' && s[colon-1] == ']'
	if colon >= 0 && (bracketed || strings.IndexByte(s, ':') == colon) {
		n, err := strconv.ParseUint(s[colon+1:], 10, 16)
		if err != nil || n == 0 {
			return "", 0, false
		}
		host, port = s[:colon], uint16(n)
	}
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		host = host[1 : len(host)-1]
	}
	return host, port, true
}
