package explorer

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/btcsuite/btcd/txscript/v2"

	"grapevine/chain/history"
	"grapevine/chain/policy"
	"grapevine/cmd/rpc/show"
)

// scriptView is an output's script.
type scriptView struct {
	Type    string // Core's word
	Meaning string
	Address string // "": it has none
	Asm     string
	Hex     string
	Hash    string // of the index by script, for its page
	Size    int
	Message string // what an OP_RETURN output carries, as text; "" when it is none
}

func (h *Handler) newScript(pk []byte) scriptView {
	net := h.Chain.Params.Params
	kind := show.ScriptType(pk)
	hash := history.HashOf(pk)
	v := scriptView{Type: kind, Meaning: meaningOf(kind), Address: show.Address(pk, net), Asm: asmOf(pk),
		Hex: clipHex(pk), Hash: hex.EncodeToString(hash[:]), Size: len(pk)}
	if kind == "nulldata" {
		v.Message = clip(messageOf(pk), maxScript)
	}
	return v
}

// asmOf takes a script apart, as much of it as a page shows.
func asmOf(script []byte) string {
	if len(script) <= maxScript { // a byte is two characters or more
		return clip(show.Asm(script), maxScript)
	}
	text := show.Asm(script[:maxScript])
	return text[:min(len(text), maxScript)] + fmt.Sprintf("… (a script of %d bytes)", len(script))
}

// clipHex is the beginning of something long.
func clipHex(raw []byte) string {
	if len(raw) <= maxScript/2 {
		return hex.EncodeToString(raw)
	}
	return fmt.Sprintf("%x… (%d bytes in all)", raw[:maxScript/2], len(raw))
}

// meaningOf says what a script of a type asks of who spends it.
func meaningOf(kind string) string {
	return map[string]string{
		"pubkey": "pays a public key", "pubkeyhash": "pays the hash of a public key (P2PKH)", "scripthash": "pays the hash of a script (P2SH)",
		"multisig": "pays several keys", "nulldata": "carries data and cannot be spent", "anchor": "can be spent by anybody (P2A)",
		"witness_v0_keyhash": "pays the hash of a public key (P2WPKH)", "witness_v0_scripthash": "pays the hash of a script (P2WSH)",
		"witness_v1_taproot": "pays a Taproot key (P2TR)", "witness_unknown": "is a witness program that has no meaning yet",
		"nonstandard": "is of no standard form",
	}[kind]
}

// messageOf is what OP_RETURN carries, where it can be read as text.
func messageOf(pk []byte) string {
	var text strings.Builder
	t := txscript.MakeScriptTokenizer(0, pk)
	for t.Next() {
		text.WriteString(legible(t.Data()))
	}
	return text.String()
}

// pushed is an item of a witness, or what an input's script pushes.
type pushed struct {
	Name string // what it is
	Hex  string
	Asm  string // of a script that is in it; "": none
	Size int
}

// maxItems bounds the items of one input that a page shows: half of them from each end.
const maxItems = 50

// shown collects items, and counts those in the middle that are left out.
type shown struct {
	first, last []pushed
	more        int
}

func (s *shown) add(p pushed) {
	if len(s.first) < maxItems/2 {
		s.first = append(s.first, p)
		return
	}
	if s.last = append(s.last, p); len(s.last) > maxItems/2 {
		s.last, s.more = s.last[1:], s.more+1
	}
}

// reveal names what an input shows in order to spend a coin: pk is the coin's script, nil when it is not known.
func reveal(pk []byte, sig []byte, witness [][]byte) *shown {
	var s shown
	kind := policy.KindOf(pk)
	if len(sig) > 0 {
		var redeem []byte
		if kind == policy.ScriptHash {
			redeem = show.LastPush(sig)
			kind = policy.KindOf(redeem)
		}
		s.pushes(sig, redeem)
	}
	n := len(witness)
	for i, item := range witness {
		if i >= maxItems/2 && i < n-maxItems/2 {
			s.more++
			continue
		}
		p := pushed{Name: itemName(kind, witness, i), Hex: clipHex(item), Size: len(item)}
		if strings.HasSuffix(p.Name, "script") {
			p.Asm = asmOf(item)
		}
		s.add(p)
	}
	return &s
}

// pushes are what an input's script pushes; of P2SH the last is a script.
func (s *shown) pushes(sig, redeem []byte) {
	t := txscript.MakeScriptTokenizer(0, sig)
	for t.Next() {
		p := pushed{Name: dataName(t.Data()), Hex: clipHex(t.Data()), Size: len(t.Data())}
		switch {
		case t.Opcode() > txscript.OP_PUSHDATA4:
			p.Name = show.OpName(t.Opcode())
		case redeem != nil && t.Done():
			p.Name, p.Asm = "redeem script", asmOf(redeem)
		}
		s.add(p)
	}
}

// Items are what is shown, in order.
func (s *shown) Items() []pushed { return append(s.first[:len(s.first):len(s.first)], s.last...) }

// More is how many are left out.
func (s *shown) More() int { return s.more }

// dataName says what some bytes look like.
func dataName(b []byte) string {
	switch {
	case len(b) == 0:
		return "empty"
	case len(b) == 33 && (b[0] == 2 || b[0] == 3), len(b) == 65 && b[0] == 4:
		return "public key"
	case len(b) >= 9 && len(b) <= 73 && b[0] == 0x30:
		return "signature"
	case len(b) == 64 || len(b) == 65:
		return "Schnorr signature"
	case len(b) == 32:
		return "32 bytes"
	}
	return "data"
}

// Of a Taproot witness [BIP341].
const (
	annexTag    = 0x50
	controlBase = 33 // leaf version with parity, and the internal key
	controlStep = 32
)

// itemName says what an item of a witness is for.
func itemName(kind policy.Kind, witness [][]byte, i int) string {
	n := len(witness)
	switch {
	case kind == policy.WitnessScriptHash && i == n-1:
		return "witness script"
	case kind != policy.Taproot:
		return dataName(witness[i])
	}
	if last := witness[n-1]; n > 1 && len(last) > 0 && last[0] == annexTag {
		n--
	}
	switch control := witness[n-1]; {
	case i == n:
		return "annex"
	case n == 1:
		return "Schnorr signature by the key"
	case i == n-2:
		return "leaf script"
	case i == n-1 && len(control) >= controlBase:
		return fmt.Sprintf("control block: leaf version %#x, %d steps to the root", control[0]&0xfe, (len(control)-controlBase)/controlStep)
	case i == n-1:
		return "control block"
	}
	return dataName(witness[i])
}
