package disk

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// ErrDamaged says that the file is not what was written. The error that wraps
// it names the file; a person has to decide what becomes of it.
var ErrDamaged = errors.New("the file is damaged")

const sealSize = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal puts a CRC-32C of key and value before a value: bbolt checks only its
// two meta pages, and a flipped bit in a message must be told, not delivered.
func seal(key, value []byte) []byte {
	sealed := make([]byte, sealSize+len(value))
	binary.BigEndian.PutUint32(sealed, checksum(key, value))
	copy(sealed[sealSize:], value)
	return sealed
}

func checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
}

// unseal returns the value inside, which shares the sealed slice's memory.
func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < sealSize {
		return nil, ErrDamaged
	}
	value := sealed[sealSize:]
	if binary.BigEndian.Uint32(sealed) != checksum(key, value) {
		return nil, ErrDamaged
	}
	return value, nil
}
