package mappings

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/smithy-go"
)

const (
	queueARN = "arn:aws:sqs:us-east-1:000000000000:q"
	roleARN  = "arn:aws:iam::000000000000:role/wake"
)

func refuse(code string) error { return &smithy.GenericAPIError{Code: code} }

// cloud is Lambda and EventBridge Scheduler, as far as they are needed: a mapping
// takes a while to be switched, and refuses changes meanwhile; a schedule is
// carried out when it is due, and is gone.
type cloud struct {
	mu        sync.Mutex
	state     string
	switching time.Duration
	schedules map[string]Schedule
	steps     []string
	// fail is asked before every call.
	fail func(call string) error
	// woken counts wake-ups that the mapping took, refused those it refused.
	woken, refused int
}

func newCloud() *cloud { return &cloud{state: "Enabled", schedules: map[string]Schedule{}} }

func (c *cloud) step(call string) error {
	c.steps = append(c.steps, call)
	if c.fail != nil {
		return c.fail(call)
	}
	return nil
}

func (c *cloud) Sources(_ context.Context, function, queue string) ([]Source, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.step("find"); err != nil || function != "f" || queue != queueARN {
		return nil, err
	}
	return []Source{{"old", "Deleting"}, {"id", c.state}}, nil
}

func (c *cloud) Enable(_ context.Context, id string, enabled bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.step(fmt.Sprint("enable ", enabled)); err != nil {
		return err
	}
	if id != "id" {
		return refuse("ResourceNotFoundException")
	}
	if strings.HasSuffix(c.state, "ing") {
		return refuse("ResourceInUseException")
	}
	via, then := "Disabling", "Disabled"
	if enabled {
		via, then = "Enabling", "Enabled"
	}
	if c.state == then {
		return nil
	}
	c.state = via
	time.AfterFunc(c.switching, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.state = then
	})
	return nil
}

func (c *cloud) Create(_ context.Context, s Schedule) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.step("create"); err != nil {
		return err
	}
	if _, there := c.schedules[s.Name]; there {
		return refuse("ConflictException")
	}
	c.schedules[s.Name] = s
	due, err := time.Parse("at(2006-01-02T15:04:05)", s.ScheduleExpression)
	if err != nil {
		return refuse("ValidationException")
	}
	time.AfterFunc(time.Until(due), func() { c.wake(s) })
	return nil
}

func (c *cloud) wake(s Schedule) {
	var input struct {
		Uuid    string
		Enabled bool
	}
	if err := json.Unmarshal([]byte(s.Target.Input), &input); err != nil {
		panic(err)
	}
	err := c.Enable(context.Background(), input.Uuid, input.Enabled)
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.schedules, s.Name)
	if err != nil {
		c.refused++
		return
	}
	c.woken++
}

func (c *cloud) Update(_ context.Context, s Schedule) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.step("update"); err != nil {
		return err
	}
	if _, there := c.schedules[s.Name]; !there {
		return refuse("ResourceNotFoundException")
	}
	c.schedules[s.Name] = s
	return nil
}

// seen is how often it was woken, how often that was refused, and the schedules
// that are left.
func (c *cloud) seen() (woken, refused, left int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.woken, c.refused, len(c.schedules)
}

func (c *cloud) now() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

func pausing(c *cloud) *Mappings { return New(c, c, Options{Function: "f", RoleARN: roleARN}) }

func TestAMappingIsOffUntilTheTimeAndThenOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.switching = 50 * time.Second
		until := time.Now().Add(6*time.Hour + 300*time.Millisecond)
		if err := pausing(c).Pause(t.Context(), queueARN, until); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(c.steps, ", "); got != "find, create, enable false" {
			t.Errorf("the schedule does not come first: %s", got)
		}
		for name, s := range c.schedules {
			if len(name) > 64 || s.Target.RoleArn != roleARN || s.ActionAfterCompletion != "DELETE" || s.FlexibleTimeWindow.Mode != "OFF" ||
				s.Target.Arn != "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping" || s.Target.Input != `{"Uuid":"id","Enabled":true}` {
				t.Errorf("%s: %+v", name, s)
			}
		}
		time.Sleep(time.Until(until) - time.Second)
		if c.now() != "Disabled" {
			t.Errorf("before: %s", c.now())
		}
		time.Sleep(2*time.Second + c.switching)
		if _, _, left := c.seen(); c.now() != "Enabled" || left != 0 {
			t.Errorf("after: %s, %d schedules", c.now(), left)
		}
	})
}

func TestManySandboxesDoTheSameThing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.switching = 40 * time.Second
		until := time.Now().Add(5 * time.Hour)
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if err := pausing(c).Pause(t.Context(), queueARN, until); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if _, _, left := c.seen(); left != 1 {
			t.Errorf("%d schedules", left)
		}
		time.Sleep(6 * time.Hour)
		if woken, _, _ := c.seen(); c.now() != "Enabled" || woken != 1 {
			t.Errorf("%s, woken %d times", c.now(), woken)
		}
	})
}

// Wherever a sandbox dies, the mapping is on in the end.
func TestWhoeverDiesOnTheWayLeavesNoMappingOff(t *testing.T) {
	for _, at := range []string{"find", "create", "update", "enable false"} {
		for _, after := range []bool{false, true} { // before the call arrives, or before its answer does
			t.Run(fmt.Sprint(at, after), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c := newCloud()
					ctx, die := context.WithCancel(t.Context())
					c.fail = func(call string) error {
						if call != at {
							return nil
						}
						die()
						if after {
							return nil
						}
						return ctx.Err()
					}
					err := pausing(c).Pause(ctx, queueARN, time.Now().Add(time.Hour))
					if !after && at != "update" && err == nil {
						t.Error("it says that the mapping is paused")
					}
					time.Sleep(2 * time.Hour)
					if c.now() != "Enabled" {
						t.Errorf("%s for good", c.now())
					}
				})
			})
		}
	}
}

func TestShortPausesAreMadeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.switching = time.Minute
		if err := pausing(c).Pause(t.Context(), queueARN, time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if woken, refused, _ := c.seen(); c.now() != "Enabled" || refused != 0 || woken != 1 {
			t.Errorf("%s, woken %d times, refused %d", c.now(), woken, refused)
		}
	})
}

func TestAMappingIsNotDisabledWhenItIsTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.fail = func(call string) error {
			if call == "create" { // the sandbox is frozen here
				time.Sleep(90 * time.Second)
			}
			return nil
		}
		if err := pausing(c).Pause(t.Context(), queueARN, time.Now().Add(time.Minute)); !errors.Is(err, ErrBusy) {
			t.Error(err)
		}
		if c.now() != "Enabled" {
			t.Error(c.now())
		}
	})
}

func TestWhatIsOffStaysAsItIs(t *testing.T) {
	for _, state := range []string{"Disabled", "Disabling"} {
		c := newCloud()
		c.state = state
		if err := pausing(c).Pause(t.Context(), queueARN, time.Now().Add(time.Hour)); err != nil || len(c.steps) != 1 {
			t.Errorf("%s: %v, %v", state, c.steps, err)
		}
	}
}

func TestConflictsAreWaitedFor(t *testing.T) {
	tests := map[string]struct {
		call, code string
		times      int
		want       error
	}{
		"the mapping, for a while":    {"enable false", "ResourceInUseException", 3, nil},
		"the mapping, for long":       {"enable false", "ResourceConflictException", 9, ErrBusy},
		"the schedule, for a while":   {"create", "ConflictException", 3, nil},
		"the schedule, for long":      {"create", "ConflictException", 9, ErrBusy},
		"the function has no mapping": {"find", "ResourceNotFoundException", 1, refuse("ResourceNotFoundException")},
		"the role may not be passed":  {"create", "AccessDeniedException", 1, refuse("AccessDeniedException")},
		"the mapping may not be":      {"enable false", "AccessDeniedException", 1, refuse("AccessDeniedException")},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, failed := newCloud(), 0
				c.fail = func(call string) error {
					if call == test.call && failed < test.times {
						failed++
						return refuse(test.code)
					}
					return nil
				}
				begin := time.Now()
				err := pausing(c).Pause(t.Context(), queueARN, time.Now().Add(time.Hour))
				var told smithy.APIError
				switch {
				case test.want == nil && err != nil, test.want != nil && err == nil:
					t.Errorf("%v", err)
				case errors.Is(test.want, ErrBusy) != errors.Is(err, ErrBusy):
					t.Errorf("%v", err)
				case err != nil && (!errors.As(err, &told) || told.ErrorCode() == ""):
					t.Errorf("AWS's error is lost: %v", err)
				}
				if took := time.Since(begin); took > 15*time.Second {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

func TestWhatCannotBePaused(t *testing.T) {
	c := newCloud()
	now := time.Now()
	for _, until := range []time.Time{{}, now.Add(-time.Second), now.Add(400 * 24 * time.Hour)} {
		if err := pausing(c).Pause(t.Context(), queueARN, until); !errors.Is(err, ErrPast) || len(c.steps) > 0 {
			t.Errorf("%s: %v, %v", until, c.steps, err)
		}
	}
	if err := pausing(c).Pause(t.Context(), "arn:aws:sqs:us-east-1:000000000000:other", now.Add(time.Hour)); !errors.Is(err, ErrNoMapping) {
		t.Error(err)
	}
}

func TestAnotherPartition(t *testing.T) {
	m := New(nil, nil, Options{RoleARN: "arn:aws-cn:iam::000000000000:role/wake"})
	if got := m.wakeUpARN(); got != "arn:aws-cn:scheduler:::aws-sdk:lambda:updateEventSourceMapping" {
		t.Error(got)
	}
}
