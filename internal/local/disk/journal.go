package disk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A journal holds the batches that are durable and not yet in the file, one
// behind the other: a mark, then for each batch
//
//	length uint32 ─ CRC-32C of the length ─ CRC-32C of the changes ─ the changes
//
// all big-endian. A change is its bucket, its key and its value, each with its
// length before it as a uvarint; a value's is one more than it has bytes, and 0 is a
// removal. Journals are numbered; a later one was written after an earlier one was
// full.
type journal struct {
	file   *os.File
	number int
	size   int64
	buffer []byte // of the last batch, for the next
}

const (
	journalMark = "sluice journal 1\n"
	recordHead  = 12
	// keptBuffer is the largest buffer that is kept for the next batch.
	keptBuffer = 1 << 20
)

// errTorn says that the last batch was not written whole. Nobody was told that it
// was, so it is as if it had never been.
var errTorn = errors.New("the last batch is not whole")

func journalPath(path string, number int) string { return fmt.Sprintf("%s.%d.journal", path, number) }

// newJournal makes an empty one, whose name is durable.
func newJournal(path string, number int) (*journal, error) {
	file, err := os.OpenFile(journalPath(path, number), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file, number: number, size: int64(len(journalMark))}
	_, err = file.WriteString(journalMark)
	if err == nil {
		err = errors.Join(file.Sync(), syncFolder(filepath.Dir(path)))
	}
	if err != nil {
		return nil, errors.Join(err, j.remove())
	}
	return j, nil
}

// append makes a batch durable. After an error nothing may be appended any more:
// what is behind a batch that is not whole cannot be found.
func (j *journal) append(b *batch) error {
	record := append(j.buffer[:0], make([]byte, recordHead)...)
	for name, keys := range b.buckets {
		for key, value := range keys {
			record = appendChange(record, name, key, value)
		}
	}
	length := len(record) - recordHead
	if int64(length) > 1<<32-1 {
		return errors.New("a batch of more than 4 GiB")
	}
	binary.BigEndian.PutUint32(record, uint32(length))
	binary.BigEndian.PutUint32(record[4:], crc32.Checksum(record[:4], castagnoli))
	binary.BigEndian.PutUint32(record[8:], crc32.Checksum(record[recordHead:], castagnoli))
	if j.buffer = record; cap(record) > keptBuffer {
		j.buffer = nil
	}
	if _, err := j.file.Write(record); err != nil {
		return err
	}
	j.size += int64(len(record))
	return flushData(j.file)
}

func appendChange(to []byte, bucket, key string, value []byte) []byte {
	to = append(binary.AppendUvarint(to, uint64(len(bucket))), bucket...)
	to = append(binary.AppendUvarint(to, uint64(len(key))), key...)
	if value == nil {
		return binary.AppendUvarint(to, 0)
	}
	return append(binary.AppendUvarint(to, uint64(len(value))+1), value...)
}

// remove deletes a journal whose batches are all in the file.
func (j *journal) remove() error { return errors.Join(j.file.Close(), os.Remove(j.file.Name())) }

// journals lists the numbers of a file's journals, the first one first.
func journals(path string) ([]int, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var all []int
	for _, entry := range entries {
		middle, is := strings.CutPrefix(entry.Name(), filepath.Base(path)+".")
		middle, ends := strings.CutSuffix(middle, ".journal")
		if number, err := strconv.Atoi(middle); is && ends && err == nil && number > 0 {
			all = append(all, number)
		}
	}
	slices.Sort(all)
	return all, nil
}

// forget deletes journals whose batches are all in the file.
func forget(path string, numbers []int) error {
	var errs []error
	for _, number := range numbers {
		errs = append(errs, os.Remove(journalPath(path, number)))
	}
	return errors.Join(errs...)
}

// replay adds what a journal holds to a batch, and counts its batches. It ends with
// errTorn behind the last whole one if one is not whole, or its mark is not. Other
// errors: [ErrDamaged], or that it cannot be read.
func replay(path string, into *batch) (batches int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	rest, marked := bytes.CutPrefix(raw, []byte(journalMark))
	if !marked {
		if strings.HasPrefix(journalMark, string(raw)) {
			return 0, errTorn
		}
		return 0, ErrDamaged
	}
	for ; len(rest) > 0; batches++ {
		if rest, err = readRecord(rest, into); errors.Is(err, errTorn) {
			return batches, err
		} else if err != nil {
			return batches, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	return batches, nil
}

// readRecord adds one batch, and returns what comes behind it.
func readRecord(raw []byte, into *batch) ([]byte, error) {
	if len(raw) < recordHead {
		return nil, errTorn
	}
	if binary.BigEndian.Uint32(raw[4:]) != crc32.Checksum(raw[:4], castagnoli) {
		return nil, errors.New("a batch's length is wrong")
	}
	length := int64(binary.BigEndian.Uint32(raw))
	if int64(len(raw)) < recordHead+length {
		return nil, errTorn
	}
	changes, rest := raw[recordHead:recordHead+length], raw[recordHead+length:]
	if binary.BigEndian.Uint32(raw[8:]) != crc32.Checksum(changes, castagnoli) {
		if len(rest) == 0 {
			return nil, errTorn
		}
		return nil, errors.New("a batch is not what was written")
	}
	return rest, readChanges(changes, into)
}

func readChanges(raw []byte, into *batch) error {
	for len(raw) > 0 {
		var c Change
		var bucket []byte
		var err error
		if bucket, raw, err = readPart(raw, 0); err != nil {
			return err
		}
		if c.Key, raw, err = readPart(raw, 0); err != nil {
			return err
		}
		if c.Value, raw, err = readPart(raw, 1); err != nil {
			return err
		}
		c.Bucket = string(bucket)
		if err := check([]Change{c}); err != nil {
			return err
		}
		into.add([]Change{c})
	}
	return nil
}

// readPart reads what has its length plus more before it; nil if that is less than
// more.
func readPart(raw []byte, more uint64) (part, rest []byte, err error) {
	length, n := binary.Uvarint(raw)
	if n <= 0 || length >= more && length-more > uint64(len(raw)-n) {
		return nil, nil, errors.New("a change ends too early")
	}
	if length < more {
		return nil, raw[n:], nil
	}
	end := n + int(length-more)
	return raw[n:end:end], raw[end:], nil
}
