package erasure

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sluice/internal/objects"
)

const day = 24 * time.Hour

// Ages is how long each prefix is kept unless told otherwise: as long as the
// bucket's lifecycle rules keep it in AWS. What is not here is kept.
var Ages = map[string]time.Duration{
	"uploads/": 90 * day, "payloads/": 30 * day, "requests/": 90 * day, "answers/": 30 * day, "results/": 365 * day,
	"claims/": 30 * day, "progress/": 90 * day, "reports/": 180 * day, "budgets/": 40 * day,
}

// What else has an age of its own: an object that was overwritten or deleted, from
// then on, and a multipart upload that was begun and never ended.
const (
	NoncurrentAge = 7 * day
	UnfinishedAge = 3 * day
)

// Protected are prefixes that only force removes from: the operator's tasks, and
// who may not be mailed.
var Protected = []string{"tasks/", "suppressions/", "reputation/"}

// ErrProtected says that a prefix is one of [Protected].
var ErrProtected = errors.New("nothing is removed from it unless forced")

// Cleaning says what is old.
type Cleaning struct {
	// Prefixes are what keys begin with, such as "answers/" or "uploads/acme/". None
	// are those of [Ages].
	Prefixes []string
	// OlderThan is the age from which things go, of whatever kind; 0 is what [Ages],
	// NoncurrentAge and UnfinishedAge say.
	OlderThan time.Duration
	// Force removes what is in flight and what is protected too.
	Force bool
	// Dry only counts.
	Dry bool
}

// Freed is what went, or would go, of a prefix.
type Freed struct {
	Prefix string `json:"prefix"`
	// OlderThanSeconds is the age from which its objects go.
	OlderThanSeconds int64 `json:"olderThanSeconds"`
	// Looked counts versions, marks and unfinished uploads.
	Looked int `json:"looked"`
	// Objects, OldVersions, Markers and Unfinished are what went: objects as one sees
	// them, what was overwritten or deleted before, the marks of deletion that hid
	// that, and multipart uploads that nobody ended.
	Objects     int `json:"objects"`
	OldVersions int `json:"oldVersions"`
	Markers     int `json:"markers"`
	Unfinished  int `json:"unfinished"`
	// Bytes is the size of all of it.
	Bytes int64 `json:"bytes"`
	// InFlight objects are old enough, and stay since somebody still needs them.
	InFlight int `json:"inFlight"`
}

var prefixForm = regexp.MustCompile(`^[a-z][a-z0-9-]*/`)

// ages gives each prefix of the cleaning its age. Whoever is within another one is
// not named twice. Errors tell of a prefix that is none, [ErrProtected], and one
// that has no age.
func (c Cleaning) ages() (map[string]time.Duration, error) {
	asked := slices.Clone(c.Prefixes)
	if len(asked) == 0 {
		asked = slices.Collect(maps.Keys(Ages))
	}
	slices.Sort(asked)
	all := map[string]time.Duration{}
	var last string
	for _, prefix := range asked {
		top := prefixForm.FindString(prefix)
		age := c.OlderThan
		if age == 0 {
			age = Ages[top]
		}
		switch {
		case top == "":
			return nil, fmt.Errorf("%q is not the beginning of a key such as answers/ or uploads/acme/", prefix)
		case slices.Contains(Protected, top) && !c.Force:
			return nil, fmt.Errorf("%s: %w", top, ErrProtected)
		case age <= 0:
			return nil, fmt.Errorf("%s is kept unless an age is given", top)
		case last != "" && strings.HasPrefix(prefix, last):
			continue
		}
		last = prefix
		all[prefix] = age
	}
	return all, nil
}

// Valid tells what is wrong with the cleaning, nil if nothing is.
func (c Cleaning) Valid() error {
	_, err := c.ages()
	return err
}

// Clean removes what is old, and tells what that was by prefix, in order. What is
// in flight stays (see the package), and so does whatever is newer than it: no
// older version ever becomes the object again. After an error it is simply run
// again; the counts are those of what went before.
func (b *Bucket) Clean(ctx context.Context, c Cleaning, now time.Time) ([]Freed, error) {
	ages, err := c.ages()
	if err != nil {
		return nil, err
	}
	still := &inFlight{store: objects.New(b.api, b.name), now: now}
	var all []Freed
	for _, prefix := range slices.Sorted(maps.Keys(ages)) {
		f := Freed{Prefix: prefix, OlderThanSeconds: int64(ages[prefix] / time.Second)}
		s := sweep{b, c, now, ages[prefix], still, &f}
		err := s.versions(ctx)
		if err == nil {
			err = s.unfinished(ctx)
		}
		all = append(all, f)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// sweep cleans one prefix.
type sweep struct {
	bucket *Bucket
	Cleaning
	now   time.Time
	age   time.Duration
	still *inFlight
	freed *Freed
}

// versions removes old versions, about a thousand at a time.
func (s sweep) versions(ctx context.Context) error {
	var gathered [][]version
	n := 0
	flush := func() error {
		all, err := s.old(ctx, gathered)
		gathered, n = nil, 0
		if err != nil {
			return err
		}
		for these := range slices.Chunk(all, most) {
			if err := s.remove(ctx, these); err != nil {
				return err
			}
		}
		return nil
	}
	err := s.bucket.versions(ctx, s.freed.Prefix, func(of []version) error {
		s.freed.Looked += len(of)
		gathered, n = append(gathered, of), n+len(of)
		if n < most {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// readers is how many objects are read at a time to tell what is in flight.
const readers = 16

// old are the versions that go, the oldest of a key first.
func (s sweep) old(ctx context.Context, keys [][]version) ([]version, error) {
	found := make([][]version, len(keys))
	held := make([]bool, len(keys))
	errs := make([]error, len(keys))
	slots := make(chan struct{}, readers)
	var wait sync.WaitGroup
	for i, of := range keys {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			found[i], held[i], errs[i] = s.ofKey(ctx, of)
		})
	}
	wait.Wait()
	for _, is := range held {
		if is {
			s.freed.InFlight++
		}
	}
	return slices.Concat(found...), errors.Join(errs...)
}

// ofKey are the versions of a key that go, the oldest first; held tells that the
// object is old and in flight.
func (s sweep) ofKey(ctx context.Context, of []version) (all []version, held bool, err error) {
	for i, v := range slices.Backward(of) {
		since, age := v.modified, s.age
		if i > 0 { // it is what was there until the next one came
			since, age = of[i-1].modified, s.noncurrent()
		}
		if s.now.Sub(since) < age {
			return all, false, nil
		}
		if i == 0 && !v.mark && !s.Force {
			held, err := s.still.needs(ctx, s.bucket.name, v)
			if err != nil || held {
				return all, held, err
			}
		}
		all = append(all, v)
	}
	return all, false, nil
}

// noncurrent is never longer than the object's own age, or what it hid would come
// back.
func (s sweep) noncurrent() time.Duration {
	if s.OlderThan > 0 {
		return s.OlderThan
	}
	return min(NoncurrentAge, s.age)
}

func (s sweep) remove(ctx context.Context, these []version) error {
	if !s.Dry {
		stay, err := s.bucket.remove(ctx, these)
		if err != nil {
			return err
		}
		these = slices.DeleteFunc(slices.Clone(these), func(v version) bool { return slices.Contains(stay, v) })
	}
	for _, v := range these {
		s.freed.Bytes += v.size
		switch {
		case v.mark:
			s.freed.Markers++
		case v.latest:
			s.freed.Objects++
		default:
			s.freed.OldVersions++
		}
	}
	return nil
}

// unfinished removes old multipart uploads that were never ended.
func (s sweep) unfinished(ctx context.Context) error {
	age := s.OlderThan
	if age == 0 {
		age = min(UnfinishedAge, s.age)
	}
	var old []unfinished
	err := s.bucket.unfinished(ctx, s.freed.Prefix, func(u unfinished) error {
		s.freed.Looked++
		if s.now.Sub(u.begun) >= age {
			old = append(old, u)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, u := range old {
		bytes, err := s.bucket.abort(ctx, u, s.Dry)
		if err != nil {
			return err
		}
		s.freed.Unfinished, s.freed.Bytes = s.freed.Unfinished+1, s.freed.Bytes+bytes
	}
	return nil
}
