package scheduler

import (
	"regexp"
	"strings"
	"time"
)

// Definition is what a schedule is to do.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
type Definition struct {
	// Name is 1 to 64 of [0-9A-Za-z_.-], Group "default" or "".
	Name, Group string
	Description string
	// Expression is at(yyyy-mm-ddThh:mm:ss), Timezone the name of its time zone, ""
	// for UTC.
	Expression, Timezone string
	// State is ENABLED or DISABLED.
	State string
	// After is what becomes of the schedule when it is done: DELETE, or NONE.
	After  string
	Target Target
}

// Target is what a schedule calls.
type Target struct {
	// ARN is a queue's, or MappingUpdate.
	ARN, RoleARN string
	// Input is the message's text, or the operation's parameters as JSON.
	Input string
	// Group is the message group id.
	Group string
	// DeadLetters is the ARN of a queue, "" for none.
	DeadLetters string
	// MostTries is how often a failed call is tried again, MostAge for how long.
	MostTries int
	MostAge   time.Duration
}

// MappingUpdate is the universal target that calls Lambda's
// UpdateEventSourceMapping.
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
const MappingUpdate = "arn:aws:scheduler:::aws-sdk:lambda:updateEventSourceMapping"

// The values that fields may have.
const (
	enabled, disabled = "ENABLED", "DISABLED"
	remove, leave     = "DELETE", "NONE"
	defaultGroup      = "default"
)

// The service's limits and defaults.
const (
	mostName        = 64
	mostDescription = 512
	mostTries       = 185
	leastAge        = time.Minute
	mostAge         = 24 * time.Hour
	// late is how long ago a schedule may have been due when it is made: the
	// service is exact to a minute.
	late = time.Minute
)

var (
	names  = regexp.MustCompile(`^[0-9a-zA-Z-_.]+$`)
	roles  = regexp.MustCompile(`^arn:aws(-[a-z]+)?:iam::\d{12}:role/[\w+=,.@/-]+$`)
	queues = regexp.MustCompile(`^arn:aws(-[a-z]+)?:sqs:[a-z0-9-]+:\d{12}:[a-zA-Z0-9-_]+(\.fifo)?$`)
	once   = regexp.MustCompile(`^at\((\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})\)$`)
)

func checkGroup(group string) error {
	if group != "" && group != defaultGroup {
		return notFound("Schedule group %s does not exist. The local EventBridge Scheduler has the group default only.", group)
	}
	return nil
}

// check tells what is wrong with a definition, or when it is due.
func (d Definition) check(targets Targets, now time.Time) (time.Time, error) {
	if !names.MatchString(d.Name) || len(d.Name) > mostName {
		return time.Time{}, invalid("Name must be 1 to %d of [0-9a-zA-Z-_.].", mostName)
	}
	if err := checkGroup(d.Group); err != nil {
		return time.Time{}, err
	}
	switch {
	case len([]rune(d.Description)) > mostDescription:
		return time.Time{}, invalid("Description must have length less than or equal to %d.", mostDescription)
	case d.State != enabled && d.State != disabled:
		return time.Time{}, invalid("State must be %s or %s.", enabled, disabled)
	case d.After != remove && d.After != leave:
		return time.Time{}, invalid("ActionAfterCompletion must be %s or %s.", leave, remove)
	}
	due, err := d.due()
	if err != nil {
		return time.Time{}, err
	}
	if due.Before(now.Add(-late)) {
		return time.Time{}, invalid("Invalid Schedule Expression %s: the time is in the past.", d.Expression)
	}
	return due, d.Target.check(targets)
}

// due is the time that the expression means.
func (d Definition) due() (time.Time, error) {
	zone, err := time.LoadLocation(d.Timezone)
	if err != nil || d.Timezone == "Local" {
		return time.Time{}, invalid("Invalid timezone provided: %s", d.Timezone)
	}
	if strings.HasPrefix(d.Expression, "rate(") || strings.HasPrefix(d.Expression, "cron(") {
		return time.Time{}, invalid("The local EventBridge Scheduler knows one-time schedules only, at(yyyy-mm-ddThh:mm:ss), and not %s", d.Expression)
	}
	parts := once.FindStringSubmatch(d.Expression)
	if parts == nil {
		return time.Time{}, invalid("Invalid Schedule Expression %s.", d.Expression)
	}
	due, err := time.ParseInLocation("2006-01-02T15:04:05", parts[1], zone)
	if err != nil {
		return time.Time{}, invalid("Invalid Schedule Expression %s.", d.Expression)
	}
	return due.UTC(), nil
}

func (t Target) check(targets Targets) error {
	switch {
	case !roles.MatchString(t.RoleARN):
		return invalid("Target.RoleArn must be the ARN of a role.")
	case t.DeadLetters != "" && (!queues.MatchString(t.DeadLetters) || strings.HasSuffix(t.DeadLetters, ".fifo")):
		return invalid("Target.DeadLetterConfig.Arn must be the ARN of a standard queue.")
	case t.MostTries < 0 || t.MostTries > mostTries:
		return invalid("Target.RetryPolicy.MaximumRetryAttempts must be between 0 and %d.", mostTries)
	case t.MostAge < leastAge || t.MostAge > mostAge:
		return invalid("Target.RetryPolicy.MaximumEventAgeInSeconds must be between %d and %d.", int(leastAge.Seconds()), int(mostAge.Seconds()))
	case t.ARN == MappingUpdate:
		if err := targets.CheckMappingUpdate([]byte(t.Input)); err != nil {
			return invalid("Target.Input does not suit %s: %s", MappingUpdate, err)
		}
		return nil
	case !queues.MatchString(t.ARN):
		return invalid("The local EventBridge Scheduler calls %s and queues, and not %q.", MappingUpdate, t.ARN)
	case strings.HasSuffix(t.ARN, ".fifo") && t.Group == "":
		return invalid("Target.SqsParameters.MessageGroupId is needed for a FIFO queue.")
	}
	return nil
}
