package descriptor

//lint:file-ignore ST1005 these texts are Bitcoin Core's, which clients compare

import (
	"errors"
	"fmt"
	"strings"
)

const (
	descriptorChars = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	checksumChars   = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	checksumLen     = 8
)

// Checksum is the descriptor checksum, eight characters (BIP380), of a text; empty when it holds
// characters that no descriptor has.
func Checksum(text string) string {
	c, group, n := uint64(1), 0, 0
	for i := range len(text) {
		at := strings.IndexByte(descriptorChars, text[i])
		if at < 0 {
			return ""
		}
		c = checksumStep(c, at&31)
		group = group*3 + at>>5
		if n++; n == 3 {
			c = checksumStep(c, group)
			group, n = 0, 0
		}
	}
	if n > 0 {
		c = checksumStep(c, group)
	}
	for range checksumLen {
		c = checksumStep(c, 0)
	}
	c ^= 1
	var sum [checksumLen]byte
	for i := range sum {
		sum[i] = checksumChars[c>>(5*(7-i))&31]
	}
	return string(sum[:])
}

// WithChecksum adds the checksum to a text.
func WithChecksum(text string) string {
	if sum := Checksum(text); sum != "" {
		return text + "#" + sum
	}
	return text
}

// checksumStep is BIP380's polymod.
func checksumStep(c uint64, v int) uint64 {
	top := c >> 35
	c = (c&0x7ffffffff)<<5 ^ uint64(v)
	c ^= 0xf5dee51989 & -(top & 1) // all of it, or nothing
	c ^= 0xa9fdca3312 & -(top >> 1 & 1)
	c ^= 0x1bab10e32d & -(top >> 2 & 1)
	c ^= 0x3706b1677a & -(top >> 3 & 1)
	return c ^ 0x644d626ffd&-(top>>4&1)
}

// WithoutChecksum checks the checksum of a text and cuts it off; need says that
// there must be one.
func WithoutChecksum(text string, need bool) (body string, err error) {
	parts := strings.Split(text, "#")
	switch {
	case len(parts) > 2:
		return "", errors.New("Multiple '#' symbols")
	case len(parts) == 1 && need:
		return "", errors.New("Missing checksum")
	case len(parts) == 2 && len(parts[1]) != checksumLen:
		return "", fmt.Errorf("Expected %d character checksum, not %d characters", checksumLen, len(parts[1]))
	}
	body = parts[0]
	sum := Checksum(body)
	if sum == "" {
		return "", errors.New("Invalid characters in payload")
	}
	if len(parts) == 2 && parts[1] != sum {
		return "", fmt.Errorf("Provided checksum '%s' does not match computed checksum '%s'", parts[1], sum)
	}
	return body, nil
}
