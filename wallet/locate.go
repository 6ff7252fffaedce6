package wallet

import (
	"slices"
	"strings"
)

// maxBech32 is the longest text that BIP173's checksum protects.
const maxBech32 = 90

const bech32Checksum = 6 // characters

// bech32Chars are the 32 characters of BIP173, by their value.
const bech32Chars = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

// locateErrors says what is wrong with a text that does not decode, and where
// [bech32::LocateErrors]. It never says what would be right: a corrected
// address may pay somebody else (BIP173).
func locateErrors(text string) *AddressError {
	if len(text) > maxBech32 {
		e := badAddress("Bech32 string too long")
		for i := maxBech32; i < len(text); i++ {
			e.Places = append(e.Places, i)
		}
		return e
	}
	if places := oddCharacters(text); places != nil {
		return &AddressError{Why: "Invalid character or mixed case", Places: places}
	}
	sep := strings.LastIndexByte(text, '1')
	if sep < 0 {
		return badAddress("Missing separator")
	}
	if sep == 0 || sep+bech32Checksum >= len(text) {
		return &AddressError{Why: "Invalid separator position", Places: []int{sep}}
	}
	lower := strings.ToLower(text)
	values := make([]byte, 0, maxBech32)
	for i := sep + 1; i < len(lower); i++ {
		v := strings.IndexByte(bech32Chars, lower[i])
		if v < 0 {
			return &AddressError{Why: "Invalid Base 32 character", Places: []int{i}}
		}
		values = append(values, byte(v))
	}
	return checksumErrors(lower[:sep], values)
}

// oddCharacters are the places of what is not printable, and of letters of
// another case than those before them.
func oddCharacters(text string) (places []int) {
	lower, upper := false, false
	for i := range len(text) {
		c := text[i]
		small, large := c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z'
		if c < 33 || c > 126 || small && upper || large && lower {
			places = append(places, i)
			continue
		}
		lower, upper = lower || small, upper || large
	}
	return places
}

// checksumErrors looks for one or two characters whose change would make the
// checksum of BIP173 or that of BIP350 good, and takes the one that needs fewer.
func checksumErrors(hrp string, values []byte) *AddressError {
	found := badAddress("Invalid checksum")
	residue := bech32Residue(hrp, values)
	for _, sum := range []struct {
		constant uint32
		why      string
	}{{1, "Invalid Bech32 checksum"}, {0x2bc830a3, "Invalid Bech32m checksum"}} {
		at := wrongPlaces(values, residue^sum.constant)
		if len(at) == 0 || len(found.Places) > 0 && len(found.Places) <= len(at) {
			continue
		}
		found = &AddressError{Why: sum.why}
		for _, i := range at {
			found.Places = append(found.Places, len(hrp)+1+i)
		}
	}
	return found
}

// wrongPlaces are at most two indices of values where changes explain the
// syndrome: the checksum is linear, so what a change does to it does not depend
// on the rest.
func wrongPlaces(values []byte, syndrome uint32) []int {
	places := map[uint32]int{} // of a change, by what it does
	for i := range values {
		for bits := uint32(1); bits < 32; bits++ {
			c := bits
			for range len(values) - 1 - i {
				c = bech32Step(c)
			}
			places[c] = i
		}
	}
	if i, ok := places[syndrome]; ok {
		return []int{i}
	}
	for c, i := range places {
		if j, ok := places[c^syndrome]; ok && i != j {
			pair := []int{i, j}
			slices.Sort(pair)
			return pair
		}
	}
	return nil
}

// bech32Residue is BIP173's polymod of prefix and values.
func bech32Residue(hrp string, values []byte) uint32 {
	c := uint32(1)
	for i := range len(hrp) {
		c = bech32Step(c) ^ uint32(hrp[i]>>5)
	}
	c = bech32Step(c)
	for i := range len(hrp) {
		c = bech32Step(c) ^ uint32(hrp[i]&31)
	}
	for _, v := range values {
		c = bech32Step(c) ^ uint32(v)
	}
	return c
}

func bech32Step(c uint32) uint32 {
	top := c >> 25
	c = (c & 0x1ffffff) << 5
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}
