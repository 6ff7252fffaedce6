package peer

import (
	"bufio"
	"bytes"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"
	"github.com/btcsuite/btcd/btcec/v2/ellswift"
	"github.com/btcsuite/btcd/v2transport"
	"github.com/btcsuite/btcd/wire/v2"

	"grapevine/p2p"
	"grapevine/p2p/msg"
)

// Sizes in bytes of BIP324.
const (
	keySize        = 64   // a public key in ElligatorSwift's form, no different from noise
	maxGarbage     = 4095 // [MAX_GARBAGE_LEN]
	terminatorSize = 16
	lengthSize     = 3
	tagSize        = 16
	packetOverhead = 1 + tagSize // header and tag
	longNameSize   = 1 + wire.CommandSize
	ignoreBit      = 0x80 // in a packet's header: a decoy
)

// plainAfter: a node of the old transport only that sees our key either hangs
// up or says nothing; after so long without a byte we know.
const plainAfter = time.Second

// ErrPlain: the other end does not know the encrypted transport. Dial again
// without it.
var ErrPlain = errors.New("speaks the unencrypted transport only")

// sealed is the encrypted transport (BIP324). After the keys and some garbage
// from both sides everything is packets:
//
//	length 3, encrypted | ciphertext of (header 1, content) | tag 16
//
// A message is content: a one-byte short id, or 0 and a name of 12 bytes, then
// the payload. To an onlooker the whole stream is noise.
type sealed struct {
	pace pace
	r    *bufio.Reader
	w    *bufio.Writer
	ids  []string

	session          [32]byte
	sendLen, recvLen *v2transport.FSChaCha20
	seal, open       *packetCipher
}

// wantsPlain looks at the first bytes of who has dialled us. They are our
// network's magic in the old transport, and are noise in the new one: we would
// take one key in 2^32 for the old one, and its owner dials again.
func wantsPlain(p pace, r *bufio.Reader, magic wire.BitcoinNet) (bool, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(p.patience)); err != nil {
		return false, err
	}
	first, err := r.Peek(wire.MessageHeaderSize - 8)
	if len(first) < 4 {
		return false, err
	}
	if len(first) == 16 && isText(first) {
		return false, errText
	}
	ours := binary.LittleEndian.Uint32(first) == uint32(magic)
	if len(first) < 16 {
		return ours, nil
	}
	if !ours && bytes.HasPrefix(first[4:], []byte("version\x00\x00\x00\x00\x00")) {
		p.log.Debug("unencrypted, of another network", "magic", hex.EncodeToString(first[:4]))
		return true, nil
	}
	name, ok := commandOf(first[4:16]) // whatever is said first: noise is no name
	return ours && ok && name != "", nil
}

// errText: a browser, a scanner, or someone who took our port for another.
var errText = errors.New("speaks text, as a browser does")

// isText: printable letters and line ends only. Of 16 bytes of a key that holds
// once in five million times, and then its owner dials again.
func isText(b []byte) bool {
	for _, c := range b {
		if (c < ' ' || c > '~') && c != '\r' && c != '\n' {
			return false
		}
	}
	return true
}

// agree exchanges keys and garbage and makes the ciphers.
func agree(p pace, r *bufio.Reader, magic wire.BitcoinNet, dialled bool) (*sealed, error) {
	private, ours, err := freshKey()
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	garbage, err := noise()
	if err != nil {
		return nil, err
	}
	t := &sealed{pace: p, r: r, w: bufio.NewWriterSize(p, buffer), ids: msg.ShortIDs()}
	if dialled {
		p.log.Debug("encryption begins")
	}
	hello := append(ours[:], garbage...)
	if _, err := p.Write(hello); err != nil {
		return nil, plainIf(dialled, err)
	}
	var theirs [keySize]byte
	if err := t.readKey(theirs[:], dialled); err != nil {
		return nil, err
	}
	secret, err := ellswift.V2Ecdh(private, theirs, ours, dialled)
	if err != nil {
		return nil, fmt.Errorf("agree on a key: %w", err)
	}
	mine, yours, err := t.derive(secret[:], magic, dialled)
	if err != nil {
		return nil, err
	}
	if _, err := t.w.Write(mine); err != nil {
		return nil, err
	}
	if _, err := t.packet(nil, garbage); err != nil { // the version packet: empty, and proof of the garbage
		return nil, err
	}
	if err := t.flush(); err != nil {
		return nil, err
	}
	return t, t.skipGarbage(yours)
}

// freshKey is a key for one connection and what of it is told, BIP324's ellswift_create.
// btcsuite's would unpack a table of the base point's multiples first, which costs a node
// that starts as much as a hundred keys without it.
func freshKey() (*btcec.PrivateKey, [keySize]byte, error) {
	var told [keySize]byte
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return nil, told, err
	}
	var private btcec.PrivateKey
	if over := private.Key.SetBytes(&secret); over != 0 || private.Key.IsZero() {
		return freshKey() // not one of the curve's numbers: nobody will ever see it
	}
	var public btcec.JacobianPoint
	base := basePoint()
	btcec.ScalarMultNonConst(&private.Key, &base, &public)
	public.ToAffine()
	u, t, err := ellswift.XElligatorSwift(&public.X)
	if err != nil {
		return nil, told, err
	}
	copy(told[:32], u.Bytes()[:])
	copy(told[32:], t.Bytes()[:])
	return &private, told, nil
}

// basePoint is the curve's generator.
func basePoint() btcec.JacobianPoint {
	var x, y, one btcec.FieldVal
	curve := btcec.S256().Params()
	x.SetByteSlice(curve.Gx.Bytes())
	y.SetByteSlice(curve.Gy.Bytes())
	return btcec.MakeJacobianPoint(&x, &y, one.SetInt(1))
}

func plainIf(dialled bool, err error) error {
	if dialled {
		return fmt.Errorf("%w: %w", ErrPlain, err)
	}
	return err
}

// noiseSize is how many bytes of garbage we send, by chance n. It is never all that
// BIP324 allows: btcsuite's v2transport 1.1.0, btcd's, stops one byte before it would
// find the terminator behind 4095.
func noiseSize(n uint16) int { return int(n) % maxGarbage }

func noise() ([]byte, error) {
	var n [2]byte
	if _, err := rand.Read(n[:]); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	b := make([]byte, noiseSize(binary.LittleEndian.Uint16(n[:])))
	if _, err := rand.Read(b); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	return b, nil
}

// readKey reads the other's key. The one who dialled waits only plainAfter for
// its first byte.
func (t *sealed) readKey(key []byte, dialled bool) error {
	if dialled {
		if err := t.pace.conn.SetReadDeadline(time.Now().Add(plainAfter)); err != nil {
			return err
		}
		if _, err := t.r.Peek(1); err != nil {
			return plainIf(true, err)
		}
	}
	if err := t.pace.conn.SetReadDeadline(time.Now().Add(t.pace.patience)); err != nil {
		return err
	}
	_, err := io.ReadFull(t.r, key)
	return err
}

// derive makes the four ciphers and both garbage terminators.
func (t *sealed) derive(secret []byte, magic wire.BitcoinNet, dialled bool) (mine, yours []byte, err error) {
	salt := binary.LittleEndian.AppendUint32([]byte("bitcoin_v2_shared_secret"), uint32(magic))
	prk, err := hkdf.Extract(sha256.New, secret, salt)
	if err != nil {
		return nil, nil, err
	}
	var keys [6][]byte
	for i, name := range []string{"initiator_L", "initiator_P", "responder_L", "responder_P", "garbage_terminators", "session_id"} {
		if keys[i], err = hkdf.Expand(sha256.New, prk, name, 32); err != nil {
			return nil, nil, err
		}
	}
	t.session = [32]byte(keys[5])
	mine, yours = keys[4][:terminatorSize], keys[4][terminatorSize:]
	if !dialled {
		keys[0], keys[1], keys[2], keys[3] = keys[2], keys[3], keys[0], keys[1]
		mine, yours = yours, mine
	}
	var errs [4]error
	t.sendLen, errs[0] = v2transport.NewFSChaCha20(keys[0])
	t.seal, errs[1] = newPacketCipher(keys[1])
	t.recvLen, errs[2] = v2transport.NewFSChaCha20(keys[2])
	t.open, errs[3] = newPacketCipher(keys[3])
	return mine, yours, errors.Join(errs[:]...)
}

// skipGarbage reads up to the terminator and then the version packet, which
// vouches for the garbage. What it says is for versions to come.
func (t *sealed) skipGarbage(terminator []byte) error {
	if err := t.pace.conn.SetReadDeadline(time.Now().Add(t.pace.patience)); err != nil {
		return err
	}
	var seen []byte
	for !bytes.HasSuffix(seen, terminator) {
		if len(seen) >= maxGarbage+terminatorSize {
			t.pace.log.Debug("garbage without an end")
			return p2p.Offence("garbage without an end")
		}
		b, err := t.r.ReadByte()
		if err != nil {
			return err
		}
		seen = append(seen, b)
	}
	_, _, err := t.content(seen[:len(seen)-terminatorSize])
	return err
}

// content reads packets until one is no decoy. The first packet of all
// authenticates aad.
func (t *sealed) content(aad []byte) (content []byte, size int, err error) {
	for {
		var l [lengthSize]byte
		if _, err := io.ReadFull(t.r, l[:]); err != nil {
			return nil, 0, err
		}
		clear, err := t.recvLen.Crypt(l[:])
		if err != nil {
			return nil, 0, err
		}
		n := int(clear[0]) | int(clear[1])<<8 | int(clear[2])<<16
		if n > msg.MaxPayload+longNameSize {
			t.pace.log.Debug("packet too large", "bytes", n)
			return nil, 0, p2p.Offence(fmt.Sprintf("packet of %d bytes", n))
		}
		text, err := t.pace.body(t.r, n+packetOverhead)
		if err != nil {
			return nil, 0, err
		}
		plain, err := t.open.decrypt(text, aad)
		if err != nil {
			t.pace.log.Debug("packet of another key", "bytes", n)
			return nil, 0, p2p.Offence("packet was not sealed by our key")
		}
		aad = nil
		size += lengthSize + len(text)
		if plain[0]&ignoreBit == 0 {
			return plain[1:], size, nil
		}
	}
}

func (t *sealed) read() (string, []byte, int, error) {
	if err := t.pace.begin(t.r); err != nil {
		return "", nil, 0, err
	}
	content, size, err := t.content(nil)
	if err != nil {
		return "", nil, 0, err
	}
	if len(content) > 0 && content[0] != 0 {
		return t.named(int(content[0])), content[1:], size, nil
	}
	if len(content) >= longNameSize {
		if command, ok := commandOf(content[1:longNameSize]); ok {
			return command, content[longNameSize:], size, nil
		}
	}
	t.pace.log.Debug("packet without a good name", "bytes", len(content))
	return otherCommands, content[min(len(content), longNameSize):], size, nil
}

// named is the message of a short id.
func (t *sealed) named(id int) string {
	if id < len(t.ids) && t.ids[id] != "" {
		return t.ids[id]
	}
	return fmt.Sprintf("#%d", id) // unknown, as a name nobody knows
}

func (t *sealed) write(command string, payload []byte) (int, error) {
	framed := make([]byte, headRoom, headRoom+len(payload)+tagSize)
	return t.writeFramed(command, append(framed, payload...))
}

func (t *sealed) writeFramed(command string, framed []byte) (int, error) {
	from := headRoom - longNameSize
	if id := slices.Index(t.ids[1:], command); id >= 0 {
		from = headRoom - 1
		framed[from] = byte(id + 1)
	} else {
		clear(framed[from:headRoom])
		copy(framed[from+1:headRoom], command)
	}
	framed[from-1] = 0 // a packet's header: no decoy
	return t.sealUp(framed[from-1:], nil)
}

// packet seals content into the buffer.
func (t *sealed) packet(content, aad []byte) (int, error) {
	return t.sealUp(append([]byte{0}, content...), aad)
}

// sealUp seals a packet's header and content, in their place, into the buffer.
func (t *sealed) sealUp(clear, aad []byte) (int, error) {
	n := len(clear) - 1
	l, err := t.sendLen.Crypt([]byte{byte(n), byte(n >> 8), byte(n >> 16)})
	if err != nil {
		return 0, err
	}
	text, err := t.seal.encrypt(clear, aad)
	if err != nil {
		return 0, err
	}
	if _, err := t.w.Write(l); err != nil {
		return 0, err
	}
	_, err = t.w.Write(text)
	return len(l) + len(text), err
}

func (t *sealed) flush() error { return t.w.Flush() }
