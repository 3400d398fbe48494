package requests

import (
	"fmt"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
)

// Set is a set of positions from 1. In JSON it is the base64 text of a roaring
// bitmap (https://github.com/RoaringBitmap/RoaringFormatSpec): a million records
// that ended alike take some bytes, and at worst 128 KB. A nil Set is empty.
type Set struct{ bitmap *roaring.Bitmap }

// With returns the set with the position in it; the receiver changes, unless it
// is nil. A position below 1 or above 2³²-1 is left out.
func (s *Set) With(record int) *Set {
	if s == nil {
		s = &Set{}
	}
	if s.bitmap == nil {
		s.bitmap = roaring.New()
	}
	if record >= 1 && record <= math.MaxUint32 {
		s.bitmap.Add(uint32(record))
	}
	return s
}

// Has tells whether the position is in the set.
func (s *Set) Has(record int) bool {
	return s != nil && s.bitmap != nil && record >= 1 && record <= math.MaxUint32 && s.bitmap.Contains(uint32(record))
}

// MarshalText implements encoding.TextMarshaler.
func (s *Set) MarshalText() ([]byte, error) {
	bits := s.bits()
	bits.RunOptimize()
	text, err := bits.ToBase64()
	if err != nil {
		return nil, fmt.Errorf("encode a set: %w", err)
	}
	return []byte(text), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Set) UnmarshalText(text []byte) error {
	s.bitmap = roaring.New()
	if _, err := s.bitmap.FromBase64(string(text)); err != nil {
		return fmt.Errorf("decode a set: %w", err)
	}
	if err := s.bitmap.Validate(); err != nil {
		return fmt.Errorf("decode a set: %w", err)
	}
	return nil
}

// bits is the bitmap, an empty one for the empty set.
func (s *Set) bits() *roaring.Bitmap {
	if s == nil || s.bitmap == nil {
		return roaring.New()
	}
	return s.bitmap
}

func (s *Set) size() int { return int(s.bits().GetCardinality()) }

func (s *Set) without(o *Set) *Set { return &Set{roaring.AndNot(s.bits(), o.bits())} }
func (s *Set) or(o *Set) *Set      { return &Set{roaring.Or(s.bits(), o.bits())} }
func (s *Set) and(o *Set) *Set     { return &Set{roaring.And(s.bits(), o.bits())} }

// cutAfter removes the positions above the last.
func (s *Set) cutAfter(last int) {
	if s.bitmap != nil && last >= 0 && last < math.MaxUint32 {
		s.bitmap.RemoveRange(uint64(last)+1, 1<<32)
	}
}
