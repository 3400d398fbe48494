package api

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// maxKey is the longest Idempotency-Key.
const maxKey = 255

// idempotencyKey is the caller's name for this request, "" if it gave none. It may
// be written as a string of structured fields, "in quotes", as the draft says
// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/).
func (c *call) idempotencyKey() (string, error) {
	key := c.header("idempotency-key")
	if key == "" {
		return "", nil
	}
	if len(key) > 1 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if key == "" || len(key) > maxKey || strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
		return "", invalidHeader("Idempotency-Key", fmt.Sprintf("must be 1 to %d visible ASCII characters", maxKey))
	}
	return key, nil
}

// names are the ids of what a request makes. With an Idempotency-Key they follow
// from it, so that a second request with it makes nothing new.
type names struct{ base string }

// namesOf gives the names of what this request makes.
func (c *call) namesOf() (names, error) {
	key, err := c.idempotencyKey()
	if err != nil {
		return names{}, err
	}
	if key == "" {
		return names{strings.ToLower(rand.Text())}, nil
	}
	return names{events.ID("idempotency", c.tenant, c.route.key, key)}, nil
}

// of is the name of the item at an index, from 0; of the only one, at -1.
func (n names) of(index int) string {
	if index < 0 {
		return n.base
	}
	return fmt.Sprintf("%s-%d", n.base, index+1)
}

// used is what is kept of an Idempotency-Key, under claims/http/.
type used struct {
	Route string `json:"route"`
	// Body is a hash of the body that came with it first.
	Body string    `json:"body"`
	Time time.Time `json:"time"`
}

// maxUsed bounds what is read.
const maxUsed = 4 << 10

// once lets a request through that came for the first time, or comes again: what
// follows does nothing twice. Another body under the same Idempotency-Key is a
// problem.
func (h *Handler) once(ctx context.Context, c *call, body []byte) error {
	if c.header("idempotency-key") == "" {
		return nil
	}
	n, err := c.namesOf()
	if err != nil {
		return err
	}
	first := used{Route: c.route.key, Body: events.ID("body", string(body)), Time: c.began.UTC()}
	record, err := json.Marshal(first)
	if err != nil {
		return fault.As(fault.Park, err)
	}
	key := "claims/http/" + c.tenant + "/" + n.base + ".json"
	_, err = h.Store.Create(ctx, key, objects.JSON, record)
	if !errors.Is(err, objects.ErrExists) {
		return err
	}
	object, err := h.Store.Get(ctx, key, maxUsed)
	if err != nil {
		return err
	}
	var before used
	if err := json.Unmarshal(object.Body, &before); err != nil {
		return fault.Errorf(fault.Park, "%s is not a used key", key)
	}
	if before.Body != first.Body {
		return refuse(keyReused, "this Idempotency-Key came with another body before; use a new one for a new request")
	}
	return nil
}
