package mailtag

import (
	"encoding/base64"
	"regexp"
	"strconv"
	"time"

	"sluice/events"
)

// The names of the tags.
const (
	requestID     = "requestId"
	tenant        = "tenant"
	environment   = "environment"
	subject       = "subject"
	correlationID = "correlationId"
	cause         = "cause"
	about         = "about"
	task          = "task"
	submitted     = "submitted" // Unix milliseconds
	wantsMail     = "wantsMail"
	upload        = "upload"
	record        = "record"
	attempt       = "attempt"
	hop           = "hop"
	audit         = "audit"
	execution     = "execution" // its ARN in base64, as a tag's value has no colon
)

// Tag is one tag.
type Tag struct{ Name, Value string }

var fits = regexp.MustCompile(`^[A-Za-z0-9_-]{1,256}$`)

// Of are the tags of a mail about an event, the request's id and the tenant
// first.
func Of(e events.Envelope, environmentName string) []Tag {
	all := []Tag{
		{requestID, e.RequestID}, {tenant, e.Tenant}, {environment, environmentName}, {about, e.Type()}, {cause, e.ID},
		{task, e.Request.Task}, {submitted, strconv.FormatInt(e.Request.Submitted.UnixMilli(), 10)},
		{wantsMail, strconv.FormatBool(e.Request.WantsMail)}, {attempt, strconv.Itoa(e.Attempt)}, {hop, strconv.Itoa(e.Hop)},
	}
	if e.Subject != e.RequestID {
		all = append(all, Tag{subject, e.Subject})
	}
	if e.CorrelationID != e.RequestID {
		all = append(all, Tag{correlationID, e.CorrelationID})
	}
	if e.Request.Audit {
		all = append(all, Tag{audit, "true"})
	}
	if e.Execution != "" {
		all = append(all, Tag{execution, base64.RawURLEncoding.EncodeToString([]byte(e.Execution))})
	}
	if u := e.Request.Upload; u != nil {
		all = append(all, Tag{upload, u.ID}, Tag{record, strconv.Itoa(u.Record)})
	}
	tags := all[:0]
	for _, t := range all {
		if fits.MatchString(t.Value) {
			tags = append(tags, t)
		}
	}
	return tags
}

// About is the envelope that an event about the mail follows from, one hop after
// the event that was mailed about, and that event's type. It is false for a mail
// that is not one of ours: the tags name no request and tenant.
func About(tags map[string][]string) (e events.Envelope, mailedAbout string, ours bool) {
	e = events.Envelope{
		RequestID: first(tags, requestID), Tenant: first(tags, tenant), Subject: first(tags, subject),
		CorrelationID: first(tags, correlationID), CausationID: first(tags, cause),
		Attempt: max(number(tags, attempt), 1), Hop: min(max(number(tags, hop), 0)+1, events.MaxHop),
		Request: events.Request{Task: first(tags, task), WantsMail: first(tags, wantsMail) == "true", Audit: first(tags, audit) == "true"},
	}
	if !events.ValidRequestID(e.RequestID) || !events.ValidTenant(e.Tenant) {
		return events.Envelope{}, "", false
	}
	if !events.ValidRequestID(e.Subject) {
		e.Subject = e.RequestID
	}
	if e.CorrelationID == "" || len(e.CorrelationID) > 128 {
		e.CorrelationID = e.RequestID
	}
	if len(e.CausationID) > 128 {
		e.CausationID = ""
	}
	if !events.ValidRequestID(e.Request.Task) {
		e.Request.Task = "unknown"
	}
	if id := first(tags, upload); events.ValidRequestID(id) {
		e.Request.Upload = &events.UploadRecord{ID: id, Record: max(number(tags, record), 0)}
	}
	if arn, err := base64.RawURLEncoding.DecodeString(first(tags, execution)); err == nil && anARN.Match(arn) {
		e.Execution = string(arn)
	}
	if at, err := strconv.ParseInt(first(tags, submitted), 10, 64); err == nil && at > 0 && at < latest {
		e.Request.Submitted = time.UnixMilli(at).UTC()
	} else {
		e.Request.Submitted = time.Unix(0, 0).UTC()
	}
	mailedAbout = first(tags, about)
	return e, mailedAbout[:min(len(mailedAbout), 64)], true
}

// anARN is one of an execution (https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html).
var anARN = regexp.MustCompile(`^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]+:execution:[A-Za-z0-9_-]+:[A-Za-z0-9_-]+$`)

// latest is the year 9999: a later time has no JSON.
const latest = 253_370_764_800_000

func first(tags map[string][]string, name string) string {
	if values := tags[name]; len(values) > 0 && fits.MatchString(values[0]) {
		return values[0]
	}
	return ""
}

func number(tags map[string][]string, name string) int {
	n, err := strconv.Atoi(first(tags, name))
	if err != nil || n > 1_000_000_000 {
		return 0
	}
	return n
}
