package rest_test

import (
	"slices"
	"strings"
	"testing"

	"grapevine/cmd/rpc/rest"
)

func TestAPathFitsItsPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, path string
		want          []string
		ok            bool
	}{
		{"pool", "pool", nil, true}, {"pool", "pools", nil, false}, {"pool", "pool/", nil, false}, {"block/{}", "block/12", []string{"12"}, true},
		{"block/{}", "block/", nil, false}, {"block/{}", "block", nil, false}, {"block/{}", "block/{}", []string{"{}"}, true},
		{"{a|b}/{}", "a/x", []string{"a", "x"}, true}, {"{a|b}/{}", "b/x", []string{"b", "x"}, true}, {"{a|b}/{}", "c/x", nil, false},
		{"{a|b}/{}", "a|b/x", nil, false}, {"{a|b}/{}", "{a|b}/x", nil, false}, {"{a|b}/{}", "/x", nil, false}, {"{a|b}/{}", "a/", nil, false},
	} {
		args, ok := rest.Match(c.pattern, strings.Split(c.path, "/"))
		if ok != c.ok || !slices.Equal(args, c.want) {
			t.Errorf("%s in %s: %q, %v", c.path, c.pattern, args, ok)
		}
	}
}
