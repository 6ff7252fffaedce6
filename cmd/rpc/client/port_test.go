package client

import "testing"

func TestPortsAreCoresWhateverTheNetworkIsCalled(t *testing.T) {
	for network, want := range map[string]uint16{
		"main": 8332, "mainnet": 8332, "test": 18332, "testnet3": 18332, "testnet4": 48332, "signet": 38332, "regtest": 18443,
	} {
		if got := DefaultPort(network); got != want {
			t.Errorf("%s: %d", network, got)
		}
	}
}
