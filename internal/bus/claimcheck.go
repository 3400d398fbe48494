package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// ClaimCheckBytes is the input size from which it travels as a reference:
// EventBridge bills an event per 64 KB, and the envelope needs a part of that.
const ClaimCheckBytes = 56 << 10

// Payloads keeps inputs that are too large for an event.
type Payloads struct{ store *objects.Store }

// NewPayloads keeps them in the store, under payloads/<tenant>/.
func NewPayloads(store *objects.Store) Payloads { return Payloads{store} }

// CheckIn returns the input as it may travel: as it is, or as a reference to
// the text, which is durable then. The key is the text's hash, so that a second
// delivery writes the same object.
func (p Payloads) CheckIn(ctx context.Context, tenant string, in events.Input) (events.Input, error) {
	if len(in.Text) <= ClaimCheckBytes {
		return in, nil
	}
	return p.Keep(ctx, tenant, in)
}

// Keep returns the input as a reference, however small it is: for a place where
// no text may lie.
func (p Payloads) Keep(ctx context.Context, tenant string, in events.Input) (events.Input, error) {
	if in.Ref != "" {
		return in, nil
	}
	sum := sha256.Sum256([]byte(in.Text))
	key := prefix(tenant) + hex.EncodeToString(sum[:])
	if _, err := p.store.Create(ctx, key, objects.Text, []byte(in.Text)); err != nil && !errors.Is(err, objects.ErrExists) {
		return events.Input{}, err
	}
	return events.Input{Ref: key}, nil
}

// CheckOut returns the input's text. A reference that is not the tenant's, does
// not exist, is too large or is not UTF-8 is a problem, not an error.
func (p Payloads) CheckOut(ctx context.Context, tenant string, in events.Input) (string, *events.Problem, error) {
	if in.Ref == "" {
		if len(in.Text) > events.MaxInputBytes {
			return "", tooLarge(len(in.Text)), nil
		}
		return in.Text, nil, nil
	}
	if !strings.HasPrefix(in.Ref, prefix(tenant)) || strings.Contains(in.Ref, "..") {
		return "", reference("the reference is not below " + prefix(tenant)), nil
	}
	object, err := p.store.Get(ctx, in.Ref, events.MaxInputBytes)
	switch class, _ := fault.Of(err); {
	case errors.Is(err, objects.ErrNotFound):
		return "", reference("there is no object under the reference"), nil
	case errors.Is(err, objects.ErrTooLarge):
		return "", &events.Problem{Field: "/data/input/ref", Code: events.CodeTooLarge, Message: fmt.Sprintf("the input has more than %d bytes", events.MaxInputBytes)}, nil
	case err != nil && class == fault.Park:
		return "", nil, fault.As(fault.Park, err)
	case err != nil:
		return "", nil, err
	case !utf8.Valid(object.Body):
		return "", &events.Problem{Field: "/data/input/ref", Code: events.CodeEncoding, Message: "the input is not UTF-8"}, nil
	case len(object.Body) == 0:
		return "", &events.Problem{Field: "/data/input/ref", Code: events.CodeEmpty, Message: "the input is empty"}, nil
	}
	return string(object.Body), nil, nil
}

func prefix(tenant string) string { return "payloads/" + tenant + "/" }

func reference(message string) *events.Problem {
	return &events.Problem{Field: "/data/input/ref", Code: events.CodeReference, Message: message}
}

func tooLarge(size int) *events.Problem {
	return &events.Problem{Field: "/data/input/text", Code: events.CodeTooLarge,
		Message: fmt.Sprintf("the input has %d bytes, more than %d", size, events.MaxInputBytes)}
}
