package eventbridge

import (
	"context"
	"encoding/binary"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/eventbridge/pattern"
	"sluice/internal/local/service"
)

// Archive keeps the events of a bus that its pattern takes (all without one).
type Archive struct {
	Name          string    `json:"name"`
	UID           string    `json:"uid"` // names its events on disk, so that a namesake never finds them
	Bus           string    `json:"bus"`
	Description   string    `json:"description,omitempty"`
	Pattern       string    `json:"pattern,omitempty"`
	KMSKey        string    `json:"kmsKey,omitempty"`
	RetentionDays int       `json:"retentionDays,omitempty"` // 0: for ever
	Created       time.Time `json:"created"`

	compiled *pattern.Pattern
}

const longestArchiveName = 48

func (a *Archive) compile() (err error) {
	a.compiled, err = compilePattern(a.Pattern)
	return err
}

func (a *Archive) bucket() string { return bucketArchived + a.UID }

// archiveKey sorts by the time of arrival: 8 bytes of milliseconds, 8 bytes
// that tell events apart.
func archiveKey(e *event) []byte {
	h := fnv.New64a()
	h.Write([]byte(e.ID)) // never fails
	key := binary.BigEndian.AppendUint64(nil, uint64(e.ingested.UnixMilli()))
	return binary.BigEndian.AppendUint64(key, h.Sum64())
}

func keyTime(key []byte) time.Time {
	if len(key) < 8 {
		return time.Time{}
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(key))).UTC()
}

// ArchiveARN is an archive's name in AWS.
func (s *State) ArchiveARN(name string) string { return s.arn("archive/" + name) }

func noArchive(name string) error { return notFound("Archive %s does not exist.", name) }

// CreateArchive makes an archive of the bus with the ARN. Errors:
// ResourceAlreadyExistsException, ResourceNotFoundException for the bus,
// InvalidEventPatternException, ValidationException.
func (s *State) CreateArchive(ctx context.Context, a Archive, busARN string) (*Archive, error) {
	if !ruleNames.MatchString(a.Name) || len(a.Name) > longestArchiveName {
		return nil, invalid("1 validation error detected: Value '%s' at 'archiveName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+ and have length less than or equal to %d", a.Name, longestArchiveName)
	}
	if a.RetentionDays < 0 {
		return nil, invalid("Parameter RetentionDays is not valid.")
	}
	if err := a.compile(); err != nil {
		return nil, err
	}
	a.Bus, a.UID, a.Created = busName(busARN), service.NewID(), s.cfg.Now().UTC()
	s.mu.Lock()
	if _, err := s.bus(a.Bus); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	if s.archives[a.Name] != nil {
		s.mu.Unlock()
		return nil, &Error{Code: codeExists, Message: "Archive " + a.Name + " already exists."}
	}
	t := s.keepArchive(&a)
	s.mu.Unlock()
	return &a, durable(ctx, t)
}

// keepArchive puts an archive in place; call it with mu held.
func (s *State) keepArchive(a *Archive) disk.Ticket {
	s.archives[a.Name] = a
	s.publish()
	return s.save(bucketArchives, a.Name, a)
}

// UpdateArchive changes what the function changes in a copy of the archive.
// Errors: ResourceNotFoundException, InvalidEventPatternException.
func (s *State) UpdateArchive(ctx context.Context, name string, change func(*Archive)) (*Archive, error) {
	s.mu.Lock()
	old := s.archives[name]
	if old == nil {
		s.mu.Unlock()
		return nil, noArchive(name)
	}
	changed := *old
	change(&changed)
	if err := changed.compile(); err != nil {
		s.mu.Unlock()
		return nil, err
	}
	t := s.keepArchive(&changed)
	s.mu.Unlock()
	return &changed, durable(ctx, t)
}

// DeleteArchive removes an archive with its events. Error:
// ResourceNotFoundException.
func (s *State) DeleteArchive(ctx context.Context, name string) error {
	s.mu.Lock()
	a := s.archives[name]
	if a == nil {
		s.mu.Unlock()
		return noArchive(name)
	}
	delete(s.archives, name)
	s.publish()
	t := s.remove(bucketArchives, name)
	s.mu.Unlock()
	if err := durable(ctx, t); err != nil {
		return err
	}
	return s.forget(ctx, a, s.cfg.Now().Add(time.Hour))
}

// Archive describes an archive. Error: ResourceNotFoundException.
func (s *State) Archive(name string) (*Archive, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.archives[name]; a != nil {
		return a, nil
	}
	return nil, noArchive(name)
}

// Archives lists archives by name; a bus ARN keeps those of one bus.
func (s *State) Archives(prefix, busARN, token string, limit int) ([]*Archive, string, error) {
	if prefix != "" && busARN != "" {
		return nil, "", invalid("At most one filter is allowed for ListArchives. Use either : State, EventSourceArn, or NamePrefix.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	names := slices.Sorted(maps.Keys(s.archives))
	names = slices.DeleteFunc(names, func(n string) bool {
		return !strings.HasPrefix(n, prefix) || busARN != "" && s.archives[n].Bus != busName(busARN)
	})
	names, next, err := page(names, token, limit)
	if err != nil {
		return nil, "", err
	}
	archives := make([]*Archive, len(names))
	for i, n := range names {
		archives[i] = s.archives[n]
	}
	return archives, next, nil
}

// ArchiveSize counts the events of an archive and their bytes by reading them
// all. The error is the store's.
func (s *State) ArchiveSize(a *Archive) (events, bytes int64, err error) {
	err = s.store.Scan(a.bucket(), nil, func(_, value []byte) error {
		events++
		bytes += int64(len(value))
		return nil
	})
	return events, bytes, err
}

// forget removes the archived events from before a time, some at a time.
func (s *State) forget(ctx context.Context, a *Archive, before time.Time) error {
	keys, err := s.archivedKeys(a, time.Time{}, before, nil)
	if err != nil {
		return internal("%s", err)
	}
	for chunk := range slices.Chunk(keys, 1000) {
		changes := make([]disk.Change, len(chunk))
		for i, key := range chunk {
			changes[i] = disk.Change{Bucket: a.bucket(), Key: key}
		}
		if err := durable(ctx, s.store.Enqueue(changes...)); err != nil {
			return err
		}
	}
	return nil
}

// retentionEvery is how often archives are looked through for old events.
const retentionEvery = time.Hour

func (s *State) runRetention(ctx context.Context) error {
	ticker := time.NewTicker(retentionEvery)
	defer ticker.Stop()
	for {
		s.mu.Lock()
		archives := slices.Collect(maps.Values(s.archives))
		s.mu.Unlock()
		for _, a := range archives {
			if a.RetentionDays == 0 {
				continue
			}
			if err := s.forget(ctx, a, s.cfg.Now().AddDate(0, 0, -a.RetentionDays)); err != nil && ctx.Err() == nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}
