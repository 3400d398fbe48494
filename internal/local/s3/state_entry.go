package s3

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"
	"time"
	"unique"

	"sluice/internal/local/disk"
)

// entry is what the index keeps of an object, in 96 bytes. Nearly every object
// fits in; one that does not (it is made of parts, its checksum is a long one) is
// kept as it is. Equal headers are kept once for all objects.
//
// The bucket's index is the only place that holds entries, so an Object that was
// handed out is nobody else's.
type entry struct {
	sequence uint64
	size     int64
	modified int64 // Unix seconds
	headers  unique.Handle[string]
	whole    *Object     // what does not fit; then only the ticket counts beside it
	ticket   disk.Ticket // of the write, none once that is durable
	checksum [8]byte     // the end of it, big endian
	etag     [16]byte
	body     bodyID
	kind     checksumKind
	inStore  bool
}

// checksumKind is 0 for no checksum, and otherwise the place of its algorithm in
// algorithms, from 1 on.
type checksumKind uint8

// pack makes an object's entry.
func pack(o *Object) *entry {
	e := &entry{sequence: o.Sequence, size: o.Size, modified: o.Modified.Unix(), ticket: o.ticket}
	etag, err := hex.DecodeString(o.ETag)
	copy(e.etag[:], etag)
	fits := err == nil && len(etag) == len(e.etag) && hex.EncodeToString(etag) == o.ETag && o.Upload == "" && e.packPieces(o) && e.packChecksum(o.Checksum) &&
		o.Modified.Equal(time.Unix(e.modified, 0))
	if !fits {
		whole := *o
		whole.ticket = disk.Ticket{}
		return &entry{whole: &whole, ticket: o.ticket}
	}
	e.headers = unique.Make(packHeaders(o.Headers))
	return e
}

func (e *entry) packPieces(o *Object) (fits bool) {
	if len(o.Pieces) == 0 {
		return o.Size == 0
	}
	one := o.Pieces[0]
	e.inStore = one.InStore
	e.body, fits = parseBodyID(one.ID)
	return fits && len(o.Pieces) == 1 && one.Size == o.Size && o.Size > 0
}

func (e *entry) packChecksum(c *Checksum) (fits bool) {
	if c == nil {
		return true
	}
	raw, err := base64.StdEncoding.DecodeString(c.Value)
	at := slices.Index(algorithms, c.Algorithm)
	if err != nil || at < 0 || len(raw) > len(e.checksum) || !c.valid() || base64.StdEncoding.EncodeToString(raw) != c.Value {
		return false
	}
	e.kind = checksumKind(at + 1)
	copy(e.checksum[len(e.checksum)-len(raw):], raw)
	return true
}

// object is the object of an entry.
func (e *entry) object(bucket, key string) *Object {
	if e == nil {
		return nil
	}
	if e.whole != nil {
		o := *e.whole
		o.ticket = e.ticket
		return &o
	}
	o := &Object{Bucket: bucket, Key: key, Size: e.size, ETag: hex.EncodeToString(e.etag[:]), Modified: time.Unix(e.modified, 0).UTC(),
		Headers: unpackHeaders(e.headers.Value()), Sequence: e.sequence, ticket: e.ticket}
	if e.kind > 0 {
		algorithm := algorithms[e.kind-1]
		size := newChecksum(algorithm).Size()
		o.Checksum = &Checksum{algorithm, base64.StdEncoding.EncodeToString(e.checksum[len(e.checksum)-size:])}
	}
	if e.size > 0 {
		o.Pieces = []piece{{ID: e.body.String(), Size: e.size, InStore: e.inStore}}
	}
	return o
}

// packHeaders writes headers as one string, equal for equal ones: the length of
// each name and value before it.
func packHeaders(headers map[string]string) string {
	names := make([]string, 0, len(headers))
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	packed := make([]byte, 0, 256) // mostly enough
	for _, name := range names {
		for _, text := range []string{name, headers[name]} {
			packed = append(binary.AppendUvarint(packed, uint64(len(text))), text...)
		}
	}
	return string(packed)
}

// unpackHeaders reads what packHeaders wrote; nil for none.
func unpackHeaders(packed string) map[string]string {
	var headers map[string]string
	next := func() string {
		n, size := binary.Uvarint([]byte(packed[:min(len(packed), binary.MaxVarintLen64)]))
		text := packed[size : size+int(n)]
		packed = packed[size+int(n):]
		return text
	}
	for packed != "" {
		if headers == nil {
			headers = map[string]string{}
		}
		name := next()
		headers[name] = next()
	}
	return headers
}

// bodyID is the id of a body, 26 letters of base 32, at five bits each.
type bodyID [17]byte

const (
	bodyLetters  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	bodyIDLength = 26
)

// newBodyID is a fresh one. It begins with the time, so that bodies lie in the file
// in the order in which they came: those of a moment share its pages, where random
// ids would touch and split one each.
func newBodyID(now time.Time) string {
	const inOrder = "234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	var at [9]byte // milliseconds, which take 41 bits until 2039
	for i := range at {
		at[len(at)-1-i] = inOrder[now.UnixMilli()>>(5*i)&31]
	}
	return string(at[:]) + rand.Text()[len(at):]
}

func parseBodyID(text string) (id bodyID, ok bool) {
	if len(text) != bodyIDLength {
		return id, false
	}
	for i := range bodyIDLength {
		value := strings.IndexByte(bodyLetters, text[i])
		if value < 0 {
			return id, false
		}
		at, bits := i*5/8, uint16(value)<<(i*5%8)
		id[at] |= byte(bits)
		id[at+1] |= byte(bits >> 8)
	}
	return id, true
}

// String is the id as text.
func (id bodyID) String() string {
	var text [bodyIDLength]byte
	for i := range text {
		at := i * 5 / 8
		bits := uint16(id[at]) | uint16(id[at+1])<<8
		text[i] = bodyLetters[bits>>(i*5%8)&31]
	}
	return string(text[:])
}
