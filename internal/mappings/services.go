package mappings

import (
	"context"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"

	"sluice/internal/awsclient"
)

// NewLambda is AWS Lambda. Of the configuration it takes region, credentials,
// HTTP client, and the endpoint (that of "Lambda" if it has one of its own).
func NewLambda(clients aws.Config) Lambda {
	return lambdaAPI{awsclient.NewService(clients, "Lambda", "lambda")}
}

type lambdaAPI struct{ awsclient.Service }

const sourcesPath = "/2015-03-31/event-source-mappings/"

// Sources implements Lambda.
func (l lambdaAPI) Sources(ctx context.Context, function, queueARN string) ([]Source, error) {
	query := url.Values{"FunctionName": {function}, "EventSourceArn": {queueARN}}
	var all []Source
	for {
		var page struct {
			EventSourceMappings []Source
			NextMarker          string
		}
		if err := l.Call(ctx, awsclient.Operation{Name: "ListEventSourceMappings", Method: http.MethodGet, Path: sourcesPath, Query: query}, nil, &page); err != nil {
			return nil, err
		}
		all = append(all, page.EventSourceMappings...)
		if page.NextMarker == "" {
			return all, nil
		}
		query.Set("Marker", page.NextMarker)
	}
}

// Enable implements Lambda.
func (l lambdaAPI) Enable(ctx context.Context, id string, enabled bool) error {
	return l.Call(ctx, awsclient.Operation{Name: "UpdateEventSourceMapping", Method: http.MethodPut, Path: sourcesPath + url.PathEscape(id)},
		map[string]bool{"Enabled": enabled}, nil)
}

// NewScheduler is EventBridge Scheduler. Of the configuration it takes what
// [NewLambda] does; the endpoint's name is "Scheduler".
func NewScheduler(clients aws.Config) Scheduler {
	return schedulerAPI{awsclient.NewService(clients, "Scheduler", "scheduler")}
}

type schedulerAPI struct{ awsclient.Service }

// Create implements Scheduler.
func (s schedulerAPI) Create(ctx context.Context, what Schedule) error {
	return s.write(ctx, "CreateSchedule", http.MethodPost, what)
}

// Update implements Scheduler.
func (s schedulerAPI) Update(ctx context.Context, what Schedule) error {
	return s.write(ctx, "UpdateSchedule", http.MethodPut, what)
}

func (s schedulerAPI) write(ctx context.Context, name, method string, what Schedule) error {
	return s.Call(ctx, awsclient.Operation{Name: name, Method: method, Path: "/schedules/" + url.PathEscape(what.Name)}, what, nil)
}

// Schedule is a schedule as the service takes it.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
type Schedule struct {
	// Name is 1 to 64 of [0-9A-Za-z_.-].
	Name string `json:"-"`
	// GroupName is the schedule group; "" is the default one.
	GroupName   string `json:",omitempty"`
	Description string `json:",omitempty"`
	// ScheduleExpression is at(2026-11-24T00:00:00), in ScheduleExpressionTimezone.
	ScheduleExpression         string
	ScheduleExpressionTimezone string
	FlexibleTimeWindow         Window
	// ActionAfterCompletion is DELETE or NONE.
	ActionAfterCompletion string
	Target                Target
}

// Window is how much later than its time a schedule may be carried out.
type Window struct {
	// Mode is OFF: not later.
	Mode string
}

// Target is what a schedule calls.
type Target struct {
	// Arn is arn:aws:scheduler:::aws-sdk:<service>:<operation>, RoleArn who calls
	// it, Input its parameters as JSON.
	Arn, RoleArn, Input string
	RetryPolicy         RetryPolicy
}

// RetryPolicy is how long a call that failed is tried again.
type RetryPolicy struct {
	// MaximumRetryAttempts is 0 to 185, MaximumEventAgeInSeconds 60 to 86,400.
	MaximumRetryAttempts, MaximumEventAgeInSeconds int
}

// wakeUpRetries: a wake-up that fails is tried for a day, as often as the
// service does that.
var wakeUpRetries = RetryPolicy{MaximumRetryAttempts: 185, MaximumEventAgeInSeconds: 86_400}
