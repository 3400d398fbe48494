package sqs

import (
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sluice/internal/local/disk"
)

// simple is a queue as a reader of SQS's documentation would write it down: a
// list, looked through from end to end.
type simple struct {
	now      time.Time
	messages map[string]*simpleMessage // by body
	most     int                       // maxReceiveCount
	dead     map[string]bool
}

type simpleMessage struct {
	sent, visible, received time.Time
	receives                int
}

const simpleRetention = 1000 * time.Second

func (q *simple) forget() {
	for body, m := range q.messages {
		if !q.now.Before(m.sent.Add(simpleRetention)) {
			delete(q.messages, body)
		}
	}
}

func (q *simple) counts() (c Counts) {
	for _, m := range q.messages {
		switch {
		case !m.visible.After(q.now):
			c.Visible++
		case m.receives > 0:
			c.InFlight++
		default:
			c.Delayed++
		}
	}
	return c
}

// received checks what the state delivered, and takes over what it implies.
func (q *simple) received(t *rapid.T, got []ReceivedMessage, most int, visibility time.Duration) {
	alive := 0
	for _, m := range q.messages {
		if !m.visible.After(q.now) && m.receives < q.most {
			alive++
		}
	}
	if len(got) > most || len(got) == 0 && alive > 0 {
		t.Fatalf("%d messages of %d alive, at most %d", len(got), alive, most)
	}
	for _, r := range got {
		m := q.messages[r.Body]
		if m == nil || m.visible.After(q.now) || m.receives >= q.most {
			t.Fatalf("%s delivered: %+v", r.Body, m)
		}
		m.receives++
		m.received, m.visible = q.now, q.now.Add(visibility)
		if r.Attributes["ApproximateReceiveCount"] != strconv.Itoa(m.receives) {
			t.Fatalf("%s was received %s times, not %d", r.Body, r.Attributes["ApproximateReceiveCount"], m.receives)
		}
	}
}

func TestTheStateIsAsTheSimpleModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		clock := &clock{at: time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)}
		store := disk.Memory()
		s, err := New(store, Config{Now: clock.now})
		ok := func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		}
		ok(err)
		model := &simple{now: clock.now(), messages: map[string]*simpleMessage{}, most: rapid.IntRange(1, 4).Draw(t, "most"), dead: map[string]bool{}}
		_, err = s.CreateQueue(t.Context(), Caller{}, CreateQueueInput{QueueName: "dlq"})
		ok(err)
		attributes := redriveTo("dlq", model.most)
		attributes["MessageRetentionPeriod"] = "1000"
		_, err = s.CreateQueue(t.Context(), Caller{}, CreateQueueInput{QueueName: "q", Attributes: attributes})
		ok(err)
		n := 0
		handles := map[string]string{} // handle: body
		someHandle := func(t *rapid.T) (handle, body string) {
			if len(handles) == 0 {
				t.Skip("no handles")
			}
			handle = rapid.SampledFrom(slices.Sorted(maps.Keys(handles))).Draw(t, "handle")
			return handle, handles[handle]
		}
		actions := map[string]func(*rapid.T){
			"send": func(t *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(t, "messages") {
					n++
					delay := rapid.SampledFrom([]int{0, 0, 0, 5, 60}).Draw(t, "delay")
					group := rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "group")
					_, errs := s.SendAll(t.Context(), []Addressed{{"q", Outgoing{Body: strconv.Itoa(n), Delay: &delay, Group: group}}})
					ok(errs[0])
					model.messages[strconv.Itoa(n)] = &simpleMessage{sent: model.now, visible: model.now.Add(time.Duration(delay) * time.Second)}
				}
			},
			"receive": func(t *rapid.T) {
				most, visibility := rapid.IntRange(1, 10).Draw(t, "most"), rapid.SampledFrom([]int{0, 1, 30, 43_200}).Draw(t, "visibility")
				out, err := s.ReceiveMessage(t.Context(), Caller{}, ReceiveMessageInput{QueueURL: "q", MaxNumberOfMessages: &most, VisibilityTimeout: &visibility, AttributeNames: []string{"All"}})
				ok(err)
				model.received(t, out.Messages, most, time.Duration(visibility)*time.Second)
				for _, m := range out.Messages {
					handles[m.ReceiptHandle] = m.Body
				}
			},
			"delete": func(t *rapid.T) {
				handle, body := someHandle(t)
				_, err := s.DeleteMessage(t.Context(), Caller{}, DeleteMessageInput{"q", handle})
				ok(err)
				delete(model.messages, body)
			},
			"hide": func(t *rapid.T) {
				handle, body := someHandle(t)
				seconds := rapid.SampledFrom([]int{0, 10, 500}).Draw(t, "seconds")
				_, err := s.ChangeMessageVisibility(t.Context(), Caller{}, ChangeMessageVisibilityInput{"q", handle, &seconds})
				m := model.messages[body]
				if (err == nil) != (m != nil) {
					t.Fatalf("%s is %+v: %v", body, m, err)
				}
				if m != nil {
					m.visible = model.now.Add(time.Duration(seconds) * time.Second)
				}
			},
			"wait": func(t *rapid.T) {
				d := time.Duration(rapid.IntRange(1, 120).Draw(t, "seconds")) * time.Second
				clock.move(d)
				model.now = model.now.Add(d)
				model.forget()
			},
			"restart": func(t *rapid.T) {
				s.Close()
				s, err = New(store, Config{Now: clock.now})
				ok(err)
			},
			"": func(t *rapid.T) {
				// Who is dead is decided by a receive; ask the dead-letter queue who is.
				for _, m := range s.queues["dlq"].ages.messages {
					if !model.dead[m.messageID()] {
						model.dead[m.messageID()] = true
						c, _, err := s.render(delivery{message: *m}, wanted{})
						ok(err)
						if gone := model.messages[c.Body]; gone == nil || gone.receives < model.most || gone.visible.After(model.now) {
							t.Fatalf("%s is a dead letter: %+v", c.Body, gone)
						}
						delete(model.messages, c.Body)
					}
				}
				got, err := s.Counts("q")
				ok(err)
				if diff := cmp.Diff(model.counts(), got); diff != "" {
					t.Fatalf("(-model +state):\n%s", diff)
				}
			},
		}
		t.Repeat(actions)
		s.Close()
	})
}
