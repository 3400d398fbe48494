package s3

import (
	"context"
	"strings"
)

// Listing asks for a page of a bucket's objects.
type Listing struct {
	Prefix string
	// Delimiter rolls keys up that have it behind the prefix; "" does not.
	Delimiter string
	// After is where the page begins: keys and rolled-up prefixes behind it.
	After string
	// Most is how many keys and rolled-up prefixes the page may hold.
	Most int
}

// Page is a part of a listing, in the order of the keys' bytes.
type Page struct {
	Objects  []*Object
	Prefixes []string
	// Next is what to give as After for the next page, "" at the end.
	Next string
}

// List gives a page. Errors: NoSuchBucket.
func (s *State) List(ctx context.Context, bucket string, l Listing) (Page, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	b := s.buckets[bucket]
	if b == nil {
		return Page{}, noSuchBucket()
	}
	var page Page
	last := ""
	at := b.objects.Iter()
	for more := l.Most > 0 && at.Seek(max(l.Prefix, l.After)); more && ctx.Err() == nil; {
		if !strings.HasPrefix(at.Key(), l.Prefix) {
			break
		}
		name, rolled := l.rollUp(at.Key())
		if name > l.After {
			if len(page.Objects)+len(page.Prefixes) == l.Most {
				page.Next = last
				break
			}
			last = name
			if rolled {
				page.Prefixes = append(page.Prefixes, name)
			} else {
				page.Objects = append(page.Objects, at.Value().object(bucket, at.Key()))
			}
		}
		if rolled {
			// Past everything that is rolled up, however many keys that is.
			next := behind(name)
			more = next != "" && at.Seek(next)
		} else {
			more = at.Next()
		}
	}
	return page, ctx.Err()
}

// rollUp is what a key is listed as, and whether that is a prefix.
func (l Listing) rollUp(key string) (string, bool) {
	if l.Delimiter == "" {
		return key, false
	}
	i := strings.Index(key[len(l.Prefix):], l.Delimiter)
	if i < 0 {
		return key, false
	}
	return key[:len(l.Prefix)+i+len(l.Delimiter)], true
}

// behind is the first string behind all that begin with the prefix, "" if there
// is none.
func behind(prefix string) string {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return string(b[:i+1])
		}
	}
	return ""
}
