package park

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// Name is the function's name.
const Name = "park"

// Publisher says events; see internal/bus.
type Publisher interface {
	Publish(context.Context, events.Envelope) error
}

// Handler parks messages.
type Handler struct {
	config Config
	store  *objects.Store
	bus    Publisher
	log    *slog.Logger
	now    func() time.Time
}

// New makes the handler.
func New(config Config, store *objects.Store, bus Publisher, log *slog.Logger, now func() time.Time) *Handler {
	return &Handler{config, store, bus, log, now}
}

// Parked is the object under parked/: the whole message, and why it is there.
type Parked struct {
	RequestID string `json:"requestId"`
	Tenant    string `json:"tenant"`
	Attempt   int    `json:"attempt"`
	// Cause is one sentence, Class the fault's class, "crash" or "undeliverable".
	Cause string `json:"cause"`
	Class string `json:"class"`
	// Queue is the queue that the message was in before its dead-letter queue, to
	// which a redrive returns it. Function is who gave up, if that was told.
	Queue    string `json:"queue"`
	Function string `json:"function,omitempty"`
	// Event is the detail-type, "" if the body is no event.
	Event      string            `json:"event,omitempty"`
	MessageID  string            `json:"messageId"`
	Body       string            `json:"body"`
	Attributes map[string]string `json:"attributes,omitempty"`
	Receives   int               `json:"receives"`
	FirstSeen  time.Time         `json:"firstSeen"`
	ParkedAt   time.Time         `json:"parkedAt"`
}

// Handle parks one message of a dead-letter queue. Every error is of class
// Defer: the message stays where it is until it is parked.
func (h *Handler) Handle(ctx context.Context, m consume.Message) error {
	began := h.now()
	about := h.about(m)
	p := h.parked(m, about)
	key, err := h.keep(ctx, p)
	if err == nil {
		err = h.say(ctx, began, m, about, p, key)
	}
	if err != nil {
		return fault.DeferFor(pause(m.Receives), err)
	}
	return nil
}

// pause is how long a message waits that could not be parked: half a minute,
// and twice that each further time, up to an hour.
func pause(receives int) time.Duration {
	return min(30*time.Second<<min(max(receives-1, 0), 10), time.Hour)
}

// The attributes of messages that EventBridge could not deliver
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html).
const (
	attributeRule  = "RULE_ARN"
	attributeError = "ERROR_CODE"
)

// The classes of messages that nobody gave up on.
const (
	classCrash         = "crash"
	classUndeliverable = "undeliverable"
)

func (h *Handler) parked(m consume.Message, about subject) Parked {
	p := Parked{
		RequestID: about.RequestID, Tenant: about.Tenant, Attempt: about.Attempt, Queue: events.SourceQueueName(m.Queue),
		Function: m.Attributes[consume.AttributeFunction], Event: kind(m.Record), MessageID: m.ID, Body: string(m.Body),
		Attributes: m.Attributes, Receives: m.Receives, FirstSeen: m.Sent, ParkedAt: h.now().UTC(),
		Class: m.Attributes[consume.AttributeClass], Cause: m.Attributes[consume.AttributeCause],
	}
	switch {
	case p.Cause != "" && p.Class != "":
	case m.Attributes[attributeError] != "" || m.Attributes[attributeRule] != "":
		p.Class = classUndeliverable
		p.Cause = "EventBridge could not deliver the event to its queue: " + word(m.Attributes[attributeError])
	default:
		p.Class, p.Cause = classCrash, "it was received too often without an end: the function crashed or ran out of time over it"
	}
	return p
}

// word keeps of a code only what codes are made of.
func word(code string) string {
	return strings.Map(func(c rune) rune {
		if c == '_' || c == '-' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' {
			return c
		}
		return -1
	}, code[:min(len(code), 100)])
}

// maxParked bounds what is read back; a message has at most 1 MiB, of which JSON
// makes at most six times as much.
const maxParked = 16 << 20

// keep writes the object and returns its key. A message that lies there already
// is found; another one about the same attempt gets a key with its own hash.
func (h *Handler) keep(ctx context.Context, p Parked) (string, error) {
	body, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("encode: %w", err)
	}
	folder := fmt.Sprintf("parked/%s/%s/%d", p.Tenant, p.RequestID, p.Attempt)
	for _, key := range []string{folder + ".json", folder + "-" + events.ID(p.Queue, p.Body) + ".json"} {
		_, err := h.store.Create(ctx, key, objects.JSON, body)
		if err == nil {
			return key, nil
		}
		if !errors.Is(err, objects.ErrExists) {
			return "", err
		}
		same, err := h.holds(ctx, key, p)
		if err != nil {
			return "", err
		}
		if same {
			return key, nil
		}
	}
	return "", errors.New("two messages have one hash")
}

// holds tells whether the object is about the same message.
func (h *Handler) holds(ctx context.Context, key string, p Parked) (bool, error) {
	object, err := h.store.Get(ctx, key, maxParked)
	if err != nil {
		return false, err
	}
	var there Parked
	readable := json.Unmarshal(object.Body, &there) == nil // else, whatever it is, it is not this message
	return readable && there.Body == p.Body && there.Queue == p.Queue, nil
}

// say says RequestParked.
func (h *Handler) say(ctx context.Context, began time.Time, m consume.Message, about subject, p Parked, key string) error {
	h.log.WarnContext(ctx, "message parked", "queue", p.Queue, "class", p.Class, "cause", p.Cause, "key", key, "messageId", p.MessageID)
	if about.unsaid {
		return nil
	}
	e, err := about.Next(Name, began, h.now(), events.RequestParked{
		Cause: p.Cause, Class: p.Class, Queue: m.Queue, Key: key, Event: p.Event,
	})
	if err != nil {
		return err
	}
	// The same event may be parked in two queues: those are two things to say.
	e.ID = events.ID(e.Type(), about.Tenant, about.ID, fmt.Sprint(about.Attempt), p.Queue)
	if about.ends {
		e = e.Ends(events.Parked)
	}
	return h.bus.Publish(ctx, e)
}
