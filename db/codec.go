package db

import (
	"encoding/binary"
	"fmt"
)

// Codec writes and reads one kind of key or value. Append adds v's bytes to
// dst. Decode is given bytes that are gone after the transaction: what it
// returns must not alias them. An error of Decode means that the record is damaged.
type Codec[T any] struct {
	Append func(dst []byte, v T) []byte
	Decode func([]byte) (T, error)
}

// Uint32 is four bytes, big-endian, so that keys sort as numbers.
func Uint32() Codec[uint32] {
	return Codec[uint32]{
		Append: binary.BigEndian.AppendUint32,
		Decode: func(b []byte) (uint32, error) {
			if len(b) != 4 {
				return 0, fmt.Errorf("%d bytes, want 4", len(b))
			}
			return binary.BigEndian.Uint32(b), nil
		},
	}
}

// Uint64 is eight bytes, big-endian, so that keys sort as numbers.
func Uint64() Codec[uint64] {
	return Codec[uint64]{
		Append: binary.BigEndian.AppendUint64,
		Decode: func(b []byte) (uint64, error) {
			if len(b) != 8 {
				return 0, fmt.Errorf("%d bytes, want 8", len(b))
			}
			return binary.BigEndian.Uint64(b), nil
		},
	}
}

// Hash is 32 bytes as they are.
func Hash[T ~[32]byte]() Codec[T] {
	return Codec[T]{
		Append: func(dst []byte, v T) []byte {
			a := [32]byte(v)
			return append(dst, a[:]...)
		},
		Decode: func(b []byte) (T, error) {
			if len(b) != 32 {
				return T{}, fmt.Errorf("%d bytes, want 32", len(b))
			}
			return T(b), nil
		},
	}
}

// Bytes is a byte string as it is.
func Bytes() Codec[[]byte] {
	return Codec[[]byte]{
		Append: func(dst, v []byte) []byte { return append(dst, v...) },
		Decode: func(b []byte) ([]byte, error) { return append(make([]byte, 0, len(b)), b...), nil },
	}
}

// String is a string's bytes.
func String() Codec[string] {
	return Codec[string]{
		Append: func(dst []byte, v string) []byte { return append(dst, v...) },
		Decode: func(b []byte) (string, error) { return string(b), nil },
	}
}
