package conformance

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/endpoint"
	"sluice/internal/local/signature"
	"sluice/internal/mappings"
)

const (
	schedulerReference = "https://docs.aws.amazon.com/scheduler/latest/APIReference/"
	schedulerCreate    = schedulerReference + "API_CreateSchedule.html"
	schedulerUpdate    = schedulerReference + "API_UpdateSchedule.html"
	schedulerList      = schedulerReference + "API_ListSchedules.html"
	schedulerTypes     = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html"
	schedulerUniversal = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html"
	schedulerDLQ       = "https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html"

	schedulerRole = "arn:aws:iam::000000000000:role/wake"
	mappingUpdate = "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping"
)

// TestConformanceScheduler runs against the embedded endpoint only: moto keeps
// schedules and carries none out.
func TestConformanceScheduler(t *testing.T) { embeddedOnly(t, "Scheduler", schedulerCases) }

// schedules are a client and queues to be called.
type schedules struct {
	queues
	*scheduler.Client
}

func onSchedules(run func(s schedules)) func(testing.TB, Target) {
	return func(t testing.TB, target Target) {
		run(schedules{queues{t, sqs.NewFromConfig(target.Config), target}, scheduler.NewFromConfig(target.Config)})
	}
}

// in is an expression for a time from now; one of a second comes within two.
func in(d time.Duration) *string {
	return aws.String("at(" + time.Now().UTC().Add(d).Add(time.Second-1).Format("2006-01-02T15:04:05") + ")")
}

// schedule is one that sends x to a queue.
func (s schedules) schedule(queue string, at *string) *scheduler.CreateScheduleInput {
	return &scheduler.CreateScheduleInput{Name: aws.String(name("schedule")), ScheduleExpression: at,
		FlexibleTimeWindow: &types.FlexibleTimeWindow{Mode: types.FlexibleTimeWindowModeOff},
		Target:             &types.Target{Arn: &queue, RoleArn: aws.String(schedulerRole), Input: aws.String("x")}}
}

func (s schedules) create(in *scheduler.CreateScheduleInput) string {
	s.Helper()
	out, err := s.CreateSchedule(s.Context(), in)
	if err != nil {
		s.Fatal(err)
	}
	if *out.ScheduleArn != s.target.ARN("scheduler", "schedule/default/"+*in.Name) {
		s.Errorf("its ARN is %s", *out.ScheduleArn)
	}
	return *in.Name
}

// arrived waits for so many messages, and answers their bodies in order.
func (s schedules) arrived(url string, want int) []string {
	s.Helper()
	var bodies []string
	for len(bodies) < want && s.Context().Err() == nil {
		for _, m := range s.receive(url, 5) {
			bodies = append(bodies, *m.Body)
		}
	}
	slices.Sort(bodies)
	return bodies
}

// gone waits until there is no such schedule.
func (s schedules) gone(name string) {
	s.Helper()
	for {
		_, err := s.GetSchedule(s.Context(), &scheduler.GetScheduleInput{Name: &name})
		if is[*types.ResourceNotFoundException](err) {
			return
		}
		if err != nil {
			s.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// far is a time that no case sees.
var far = aws.String("at(2099-12-31T23:59:59)")

// signed is the same machine at an address where signatures count.
func (r *lambdaRoom) signed(caller signature.Credential) Target {
	r.Helper()
	r.services.Access = signature.New(time.Now, caller)
	server, err := endpoint.Listen("127.0.0.1:0", r.services, slog.New(slog.DiscardHandler))
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			r.Error(err)
		}
	})
	return newTarget(Embedded, server.URL(), r.target.Account)
}

var schedulerCases = []Case{
	{"a schedule is made, told, changed and deleted", schedulerUpdate, onSchedules(func(s schedules) {
		queue := s.arn(s.make())
		first := s.schedule(queue, far)
		first.Description, first.ActionAfterCompletion = aws.String("d"), types.ActionAfterCompletionDelete
		name := s.create(first)
		got, err := s.GetSchedule(s.Context(), &scheduler.GetScheduleInput{Name: &name, GroupName: aws.String("default")})
		if err != nil || *got.Name != name || *got.GroupName != "default" || *got.Description != "d" || *got.ScheduleExpression != *far || *got.ScheduleExpressionTimezone != "UTC" ||
			got.ActionAfterCompletion != types.ActionAfterCompletionDelete || got.State != types.ScheduleStateEnabled || *got.Target.Input != "x" || *got.Target.RetryPolicy.MaximumRetryAttempts != 185 ||
			*got.Target.RetryPolicy.MaximumEventAgeInSeconds != 86_400 || time.Since(*got.CreationDate).Abs() > time.Hour {
			s.Errorf("%+v, %v", got, err)
		}
		// What an update leaves out gets its default.
		_, err = s.UpdateSchedule(s.Context(), &scheduler.UpdateScheduleInput{Name: &name, ScheduleExpression: far, ScheduleExpressionTimezone: aws.String("Asia/Tokyo"),
			FlexibleTimeWindow: first.FlexibleTimeWindow, Target: first.Target, State: types.ScheduleStateDisabled})
		if err != nil {
			s.Fatal(err)
		}
		got, err = s.GetSchedule(s.Context(), &scheduler.GetScheduleInput{Name: &name})
		if err != nil || got.Description != nil || *got.ScheduleExpressionTimezone != "Asia/Tokyo" || got.ActionAfterCompletion != types.ActionAfterCompletionNone || got.State != types.ScheduleStateDisabled {
			s.Errorf("%+v, %v", got, err)
		}
		if _, err := s.DeleteSchedule(s.Context(), &scheduler.DeleteScheduleInput{Name: &name}); err != nil {
			s.Error(err)
		}
		_, err = s.DeleteSchedule(s.Context(), &scheduler.DeleteScheduleInput{Name: &name})
		refused(s, "deleted", err, "ResourceNotFoundException", 404)
		_, err = s.UpdateSchedule(s.Context(), &scheduler.UpdateScheduleInput{Name: &name, ScheduleExpression: far, FlexibleTimeWindow: first.FlexibleTimeWindow, Target: first.Target})
		refused(s, "deleted", err, "ResourceNotFoundException", 404)
	})},
	{"a name is taken, but not for who took it", schedulerCreate, onSchedules(func(s schedules) {
		first := s.schedule(s.arn(s.make()), far)
		first.ClientToken = aws.String("mine")
		s.create(first)
		s.create(first)
		first.ClientToken = aws.String("yours")
		_, err := s.CreateSchedule(s.Context(), first)
		refused(s, "somebody else", err, "ConflictException", 409)
		if !is[*types.ConflictException](err) {
			s.Errorf("it has another type: %v", err)
		}
	})},
	{"schedules are listed", schedulerList, onSchedules(func(s schedules) {
		queue, prefix := s.arn(s.make()), name("list")
		var want []string
		for _, last := range []string{"-a", "-b", "-c"} {
			one := s.schedule(queue, far)
			one.Name = aws.String(prefix + last)
			if last == "-c" {
				one.State = types.ScheduleStateDisabled
			}
			want = append(want, s.create(one))
		}
		pages := scheduler.NewListSchedulesPaginator(s.Client, &scheduler.ListSchedulesInput{NamePrefix: &prefix, MaxResults: aws.Int32(1), GroupName: aws.String("default")})
		var got []string
		for pages.HasMorePages() {
			out, err := pages.NextPage(s.Context())
			if err != nil || len(out.Schedules) > 1 {
				s.Fatalf("%+v, %v", out, err)
			}
			for _, one := range out.Schedules {
				got = append(got, *one.Name)
				if *one.Target.Arn != queue || *one.GroupName != "default" {
					s.Errorf("%+v", one)
				}
			}
		}
		if !slices.Equal(got, want) {
			s.Errorf("%v", got)
		}
		out, err := s.ListSchedules(s.Context(), &scheduler.ListSchedulesInput{NamePrefix: &prefix, State: types.ScheduleStateDisabled})
		if err != nil || len(out.Schedules) != 1 || *out.Schedules[0].Name != want[2] {
			s.Errorf("%+v, %v", out, err)
		}
	})},
	{"a queue gets the input once, at the time", schedulerTypes, onSchedules(func(s schedules) {
		url := s.make()
		one, kept := s.schedule(s.arn(url), in(time.Second)), s.schedule(s.arn(url), in(time.Second))
		one.ActionAfterCompletion = types.ActionAfterCompletionDelete
		one.Target.Input = aws.String("<aws.scheduler.schedule-arn>")
		// The same time, in another zone.
		zone := time.FixedZone("", 9*60*60)
		at, err := time.Parse("at(2006-01-02T15:04:05)", *kept.ScheduleExpression)
		if err != nil {
			s.Fatal(err)
		}
		kept.ScheduleExpression, kept.ScheduleExpressionTimezone = aws.String("at("+at.In(zone).Format("2006-01-02T15:04:05")+")"), aws.String("Asia/Tokyo")
		names := []string{s.create(one), s.create(kept)}
		if got := s.arrived(url, 2); !slices.Equal(got, []string{s.target.ARN("scheduler", "schedule/default/"+names[0]), "x"}) {
			s.Errorf("%v", got)
		}
		s.gone(names[0])
		if left, err := s.GetSchedule(s.Context(), &scheduler.GetScheduleInput{Name: &names[1]}); err != nil || left.State != types.ScheduleStateEnabled {
			s.Errorf("%+v, %v", left, err)
		}
	})},
	{"what cannot be delivered goes to the dead-letter queue", schedulerDLQ, onSchedules(func(s schedules) {
		url := s.make()
		one := s.schedule(s.arn(url)+"-missing", in(0))
		one.ActionAfterCompletion, one.Target.DeadLetterConfig = types.ActionAfterCompletionDelete, &types.DeadLetterConfig{Arn: aws.String(s.arn(url))}
		one.Target.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(0)}
		name := s.create(one)
		if got := s.arrived(url, 1); !slices.Equal(got, []string{"x"}) {
			s.Errorf("%v", got)
		}
		s.gone(name)
	})},
	{"what a schedule cannot be", schedulerCreate, onSchedules(func(s schedules) {
		queue := s.arn(s.make())
		for name, spoil := range map[string]func(c *scheduler.CreateScheduleInput){
			"no expression":         func(c *scheduler.CreateScheduleInput) { c.ScheduleExpression = aws.String("tomorrow") },
			"no day":                func(c *scheduler.CreateScheduleInput) { c.ScheduleExpression = aws.String("at(2099-02-30T00:00:00)") },
			"the past":              func(c *scheduler.CreateScheduleInput) { c.ScheduleExpression = aws.String("at(2020-01-01T00:00:00)") },
			"no zone":               func(c *scheduler.CreateScheduleInput) { c.ScheduleExpressionTimezone = aws.String("Mars/Olympus") },
			"a name with a space":   func(c *scheduler.CreateScheduleInput) { c.Name = aws.String("a b") },
			"a long name":           func(c *scheduler.CreateScheduleInput) { c.Name = aws.String(strings.Repeat("n", 65)) },
			"a role that is none":   func(c *scheduler.CreateScheduleInput) { c.Target.RoleArn = aws.String("me") },
			"a target that is none": func(c *scheduler.CreateScheduleInput) { c.Target.Arn = aws.String("there") },
			"an operation's input": func(c *scheduler.CreateScheduleInput) {
				c.Target.Arn, c.Target.Input = aws.String(mappingUpdate), aws.String("{")
			},
			"too many tries": func(c *scheduler.CreateScheduleInput) {
				c.Target.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)}
			},
			"dead letters in order": func(c *scheduler.CreateScheduleInput) {
				c.Target.DeadLetterConfig = &types.DeadLetterConfig{Arn: aws.String(queue + ".fifo")}
			},
			"a FIFO queue, no group": func(c *scheduler.CreateScheduleInput) { c.Target.Arn = aws.String(queue + ".fifo") },
		} {
			c := s.schedule(queue, far)
			spoil(c)
			_, err := s.CreateSchedule(s.Context(), c)
			refused(s, name, err, "ValidationException", 400)
		}
		c := s.schedule(queue, far)
		c.GroupName = aws.String("other")
		_, err := s.CreateSchedule(s.Context(), c)
		refused(s, "another group", err, "ResourceNotFoundException", 404)
	})},
	{"a paused mapping is woken by its schedule", schedulerUniversal, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		r.letGo() // to disable
		id := r.id()
		if _, err := r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, Enabled: aws.Bool(false)}); err != nil {
			t.Fatal(err)
		}
		r.becomes(id, "Disabled")
		s := schedules{queues{t, sqs.NewFromConfig(r.target.Config), r.target}, scheduler.NewFromConfig(r.target.Config)}
		one := s.schedule(mappingUpdate, in(0))
		one.ActionAfterCompletion, one.Target.Input = types.ActionAfterCompletionDelete, aws.String(`{"Uuid":"`+*id+`","Enabled":true}`)
		name := s.create(one)
		r.letGo() // to enable
		r.becomes(id, "Enabled")
		s.gone(name)
	}},
	{"internal/mappings pauses, and its signatures count", schedulerUniversal, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		keys, err := r.target.Config.Credentials.Retrieve(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		signed := r.signed(signature.Credential{AccessKey: keys.AccessKeyID, SecretKey: keys.SecretAccessKey})
		r.letGo() // to disable
		until := time.Now().Add(time.Hour).Truncate(time.Second)
		m := mappings.Connect(signed.Config, mappings.Options{Function: "f", RoleARN: schedulerRole})
		for range 2 {
			if err := m.Pause(t.Context(), r.queue("a"), until); err != nil {
				t.Fatal(err)
			}
			r.becomes(r.id(), "Disabled")
		}
		out, err := scheduler.NewFromConfig(signed.Config).ListSchedules(t.Context(), &scheduler.ListSchedulesInput{NamePrefix: aws.String("resume-" + *r.id())})
		if err != nil || len(out.Schedules) != 1 || *out.Schedules[0].Target.Arn != mappingUpdate {
			t.Errorf("%+v, %v", out, err)
		}
		wrong := signed.Config.Copy()
		wrong.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: keys.AccessKeyID, SecretAccessKey: "another"}, nil
		})
		err = mappings.Connect(wrong, mappings.Options{Function: "f", RoleARN: schedulerRole}).Pause(t.Context(), r.queue("b"), until)
		refused(t, "a wrong signature", err, "InvalidSignatureException", 403)
	}},
}
