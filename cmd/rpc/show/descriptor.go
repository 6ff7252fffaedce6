package show

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/btcec/v2/schnorr"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/txscript/v2"
)

// Descriptor is what can be said of a script without knowing keys behind it
// (Core: InferDescriptor), with its checksum.
func Descriptor(pk []byte, net *chaincfg.Params) string {
	body := "raw(" + hex.EncodeToString(pk) + ")"
	addr := Address(pk, net)
	switch kind := ScriptType(pk); {
	case kind == "pubkey":
		body = "pk(" + hex.EncodeToString(pk[1:len(pk)-1]) + ")"
	case kind == "multisig":
		body = multiDescriptor(pk)
	case kind == "witness_v1_taproot" && validKey(pk[2:]):
		body = "rawtr(" + hex.EncodeToString(pk[2:]) + ")"
	case addr != "":
		body = "addr(" + addr + ")"
	}
	return WithChecksum(body)
}

func validKey(xOnly []byte) bool {
	_, err := schnorr.ParsePubKey(xOnly)
	return err == nil
}

func multiDescriptor(pk []byte) string {
	var keys []string
	need := 0
	t := txscript.MakeScriptTokenizer(0, pk)
	for i := 0; t.Next(); i++ {
		if i == 0 {
			need = int(t.Opcode()) - txscript.OP_1 + 1
		}
		if t.Data() != nil {
			keys = append(keys, hex.EncodeToString(t.Data()))
		}
	}
	return fmt.Sprintf("multi(%d,%s)", need, strings.Join(keys, ","))
}

const (
	descriptorChars = "0123456789()[],'/*abcdefgh@:$%{}IJKLMNOPQRSTUVWXYZ&+-.;<=>?!^_|~ijklmnopqrstuvwxyzABCDEFGH`#\"\\ "
	checksumChars   = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
	checksumLen     = 8
)

// WithChecksum adds the eight characters of BIP380.
func WithChecksum(desc string) string {
	c, group, n := uint64(1), 0, 0
	for _, r := range desc {
		at := strings.IndexRune(descriptorChars, r)
		if at < 0 {
			return desc
		}
		c = descriptorStep(c, at&31)
		group = group*3 + at>>5
		if n++; n == 3 {
			c = descriptorStep(c, group)
			group, n = 0, 0
		}
	}
	if n > 0 {
		c = descriptorStep(c, group)
	}
	for range 8 {
		c = descriptorStep(c, 0)
	}
	c ^= 1
	sum := make([]byte, 8)
	for i := range sum {
		sum[i] = checksumChars[c>>(5*(7-i))&31]
	}
	return desc + "#" + string(sum)
}

// descriptorStep is BIP380's polymod.
func descriptorStep(c uint64, v int) uint64 {
	top := c >> 35
	c = (c&0x7ffffffff)<<5 ^ uint64(v)
	for i, g := range [...]uint64{0xf5dee51989, 0xa9fdca3312, 0x1bab10e32d, 0x3706b1677a, 0x644d626ffd} {
		if top>>i&1 == 1 {
			c ^= g
		}
	}
	return c
}
