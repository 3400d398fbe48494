package task

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"sluice/events"
	"sluice/internal/objects"
)

//go:embed builtin/*.json
var builtin embed.FS

// Store is what is called of internal/objects.
type Store interface {
	Get(ctx context.Context, key string, limit int64) (objects.Object, error)
}

// Registry finds tasks by name.
type Registry struct {
	store Store
	now   func() time.Time

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is what is known under a name. Its lock is held while the bucket is
// asked, so that many requests for one task ask once.
type entry struct {
	mu       sync.Mutex
	until    time.Time
	etag     string
	task     *Task
	problems []events.Problem
}

// NewRegistry looks for operators' tasks in the store and falls back to the
// built-in ones.
func NewRegistry(store Store, now func() time.Time) *Registry {
	return &Registry{store: store, now: now, entries: map[string]*entry{}}
}

const (
	// fresh is how long a definition is used before the bucket is asked again.
	fresh = time.Minute
	// maxEntries bounds the memory: names come from callers.
	maxEntries = 1000
	taskField  = "/data/task"
)

// Key is the object that defines an operator's task.
func Key(name string) string { return "tasks/" + name + ".json" }

// Get finds a task. A name that nobody defined, and a file that is broken, are
// problems of the request; an error says that the bucket could not be asked, and
// may go better next time.
func (r *Registry) Get(ctx context.Context, name string) (*Task, []events.Problem, error) {
	if !events.ValidRequestID(name) {
		return nil, []events.Problem{{Field: taskField, Code: events.CodeUnknownTask, Message: "a task's name is 1 to 64 of [A-Za-z0-9_-]"}}, nil
	}
	e := r.entry(name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.now().Before(e.until) {
		return e.task, e.problems, nil
	}
	object, err := r.store.Get(ctx, Key(name), MaxFileBytes)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		e.task, e.problems, e.etag = builtinTask(name, e)
	case errors.Is(err, objects.ErrTooLarge):
		e.task, e.problems, e.etag = nil, broken(name, fmt.Sprintf("the file has more than %d bytes", MaxFileBytes)), ""
	case err != nil:
		return nil, nil, fmt.Errorf("look for the task %s: %w", name, err)
	case e.etag != object.ETag || e.etag == "":
		e.task, e.problems, e.etag = operatorTask(name, object)
	}
	e.until = r.now().Add(fresh)
	return e.task, e.problems, nil
}

func (r *Registry) entry(name string) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, known := r.entries[name]
	if !known {
		if len(r.entries) >= maxEntries {
			clear(r.entries)
		}
		e = &entry{}
		r.entries[name] = e
	}
	return e
}

func operatorTask(name string, object objects.Object) (*Task, []events.Problem, string) {
	t, err := Parse(name, object.Body)
	var invalid *Invalid
	if errors.As(err, &invalid) {
		return nil, broken(name, invalid.Problems...), object.ETag
	}
	return t, nil, object.ETag
}

// builtinTag marks an entry that holds a built-in task, which needs no second
// look.
const builtinTag = "builtin"

func builtinTask(name string, e *entry) (*Task, []events.Problem, string) {
	if e.etag == builtinTag {
		return e.task, e.problems, builtinTag
	}
	file, err := builtin.ReadFile("builtin/" + name + ".json")
	if err != nil {
		message := "there is no such task; built in are " + strings.Join(Builtin(), ", ")
		return nil, []events.Problem{{Field: taskField, Code: events.CodeUnknownTask, Message: message}}, ""
	}
	t, err := Parse(name, file)
	if err != nil {
		return nil, broken(name, err.Error()), ""
	}
	return t, nil, builtinTag
}

func broken(name string, problems ...string) []events.Problem {
	var told []events.Problem
	for _, p := range problems {
		told = append(told, events.Problem{Field: taskField, Code: events.CodeBadDefinition, Message: "the definition " + Key(name) + " is broken: " + p})
	}
	return told
}

// Builtin lists the names of the built-in tasks, sorted.
func Builtin() []string {
	files, err := fs.Glob(builtin, "builtin/*.json")
	if err != nil {
		return nil
	}
	names := make([]string, 0, len(files))
	for _, file := range files {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(file, "builtin/"), ".json"))
	}
	return names
}
