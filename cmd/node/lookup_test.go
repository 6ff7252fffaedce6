package node

import (
	"context"
	"errors"
	"net"
	"testing"
)

// Of names below invalid nobody is asked: they lead nowhere, without a network too.
func TestNamesBelowInvalidAreNotAskedFor(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel() // a resolver that was asked would say so
	for _, name := range []string{"dummySeed.invalid.", "x9.dummyseed.INVALID", "a.invalid"} {
		_, err := LookupName(ended, name)
		if no, ok := errors.AsType[*net.DNSError](err); !ok || !no.IsNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := LookupName(ended, "valid.example"); err == nil {
		t.Error("another name is not looked up")
	} else if no, ok := errors.AsType[*net.DNSError](err); ok && no.IsNotFound {
		t.Errorf("another name: %v", err)
	}
}
