package service

import (
	"crypto/rand"
	"encoding/hex"
)

// NewID is a random UUID of version 4 (RFC 9562), in lower case.
func NewID() string { return FormatID(RandomID()) }

// RandomID is the 16 bytes of a random UUID of version 4.
func RandomID() (id [16]byte) {
	_, _ = rand.Read(id[:]) // never fails
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

// FormatID writes a UUID, in lower case.
func FormatID(id [16]byte) string {
	const digits = 32 + 4 // and hyphens
	text := make([]byte, 0, digits)
	for i, part := range [][]byte{id[:4], id[4:6], id[6:8], id[8:10], id[10:]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, part)
	}
	return string(text)
}
