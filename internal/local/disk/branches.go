package disk

import (
	"encoding/binary"
	"os"

	bolt "go.etcd.io/bbolt"
)

// The layout of bbolt's pages, format version 2: a header (id uint64, flags
// uint16, count uint16, overflow uint32), then on a branch page one element for
// each child (key's offset from the element uint32, its size uint32, child
// uint64), all in the machine's byte order.
const (
	headerSize  = 16
	elementSize = 16
	branchFlag  = 0x01
)

// branches reads the inner pages of a file as bytes. Their keys are under no
// checksum, and bbolt would follow a damaged size out of its memory map, in a
// goroutine whose fault nobody can catch.
type branches struct {
	file     *os.File
	pageSize int64
	seen     map[uint64]bool
}

func (b branches) checkAll(tx *bolt.Tx) error {
	if err := b.check(uint64(tx.Cursor().Bucket().Root())); err != nil {
		return err
	}
	return tx.ForEach(func(_ []byte, bucket *bolt.Bucket) error {
		if bucket.Root() == 0 {
			return nil // a small bucket lies inside its parent's page
		}
		return b.check(uint64(bucket.Root()))
	})
}

func (b branches) check(id uint64) error {
	if b.seen[id] {
		return ErrDamaged
	}
	b.seen[id] = true
	header := make([]byte, headerSize)
	if _, err := b.file.ReadAt(header, int64(id)*b.pageSize); err != nil {
		return ErrDamaged
	}
	if binary.NativeEndian.Uint16(header[8:])&branchFlag == 0 {
		return nil
	}
	count := int(binary.NativeEndian.Uint16(header[10:]))
	size := (int64(binary.NativeEndian.Uint32(header[12:])) + 1) * b.pageSize
	elements := make([]byte, count*elementSize)
	if _, err := b.file.ReadAt(elements, int64(id)*b.pageSize+headerSize); err != nil {
		return ErrDamaged
	}
	for i := range count {
		element := elements[i*elementSize:]
		key := headerSize + int64(i)*elementSize + int64(binary.NativeEndian.Uint32(element))
		if key+int64(binary.NativeEndian.Uint32(element[4:])) > size {
			return ErrDamaged
		}
		if err := b.check(binary.NativeEndian.Uint64(element[8:])); err != nil {
			return err
		}
	}
	return nil
}
