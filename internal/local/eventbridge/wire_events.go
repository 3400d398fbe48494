package eventbridge

import (
	"context"

	"sluice/internal/local/awsjson"
	"sluice/internal/local/eventbridge/pattern"
)

// operations is everything the wire offers, by name.
func (s *State) operations() map[string]operation {
	all := map[string]operation{
		"PutEvents":           op(s.wirePutEvents),
		"TestEventPattern":    op(wireTestEventPattern),
		"TagResource":         op(s.wireTag),
		"UntagResource":       op(s.wireUntag),
		"ListTagsForResource": op(s.wireTags),
	}
	s.busOperations(all)
	s.ruleOperations(all)
	s.archiveOperations(all)
	return all
}

type putEventsInput struct {
	Entries []struct {
		Time         *awsjson.Time
		Source       string
		Resources    []string
		DetailType   string
		Detail       string
		EventBusName string
		TraceHeader  string
	}
}

type putEventsOutput struct {
	FailedEntryCount int
	Entries          []Result
}

func (s *State) wirePutEvents(ctx context.Context, in putEventsInput) (putEventsOutput, error) {
	entries := make([]Entry, len(in.Entries))
	for i, e := range in.Entries {
		entries[i] = Entry{Source: e.Source, Resources: e.Resources, DetailType: e.DetailType, Detail: e.Detail,
			EventBusName: e.EventBusName, TraceHeader: e.TraceHeader}
		if e.Time != nil {
			entries[i].Time = e.Time.Time
		}
	}
	results, err := s.PutEvents(ctx, entries)
	out := putEventsOutput{Entries: results}
	for _, r := range results {
		if r.ErrorCode != "" {
			out.FailedEntryCount++
		}
	}
	return out, err
}

type testInput struct{ EventPattern, Event string }

type testOutput struct{ Result bool }

// eventFields are what an event for TestEventPattern must have.
var eventFields = []string{"id", "account", "source", "time", "region", "resources", "detail-type"}

func wireTestEventPattern(_ context.Context, in testInput) (testOutput, error) {
	p, err := compilePattern(in.EventPattern)
	if err != nil {
		return testOutput{}, err
	}
	if p == nil {
		return testOutput{}, invalid("Parameter EventPattern must be specified.")
	}
	fields, err := pattern.Decode([]byte(in.Event))
	if err != nil {
		return testOutput{}, invalid("Parameter Event is not valid. Reason: it must be a JSON object.")
	}
	for _, name := range eventFields {
		if _, ok := fields[name]; !ok {
			return testOutput{}, invalid("Parameter Event is not valid. Reason: the field %s is missing.", name)
		}
	}
	return testOutput{Result: p.Match(func(name string) (any, bool) {
		v, ok := fields[name]
		return v, ok
	})}, nil
}

type tagInput struct {
	ResourceARN string
	Tags        tagList
	TagKeys     []string
}

func (s *State) wireTag(ctx context.Context, in tagInput) (none, error) {
	return none{}, s.Tag(ctx, in.ResourceARN, in.Tags.asMap(), nil)
}

func (s *State) wireUntag(ctx context.Context, in tagInput) (none, error) {
	return none{}, s.Tag(ctx, in.ResourceARN, nil, in.TagKeys)
}

type tagsOutput struct{ Tags tagList }

func (s *State) wireTags(_ context.Context, in tagInput) (tagsOutput, error) {
	tags, err := s.Tags(in.ResourceARN)
	return tagsOutput{tagsOf(tags)}, err
}

// busDocument is a bus in requests and answers.
type busDocument struct {
	Name             string            `json:",omitempty"`
	Arn              string            `json:",omitempty"`
	EventBusArn      string            `json:",omitempty"` // of CreateEventBus
	Description      string            `json:",omitempty"`
	KmsKeyIdentifier string            `json:",omitempty"`
	DeadLetterConfig *DeadLetterConfig `json:",omitempty"`
	Policy           string            `json:",omitempty"`
	CreationTime     *awsjson.Time     `json:",omitempty"`
	LastModifiedTime *awsjson.Time     `json:",omitempty"`
	EventSourceName  string            `json:",omitempty"`
	Tags             tagList           `json:",omitempty"`
}

func (s *State) busDocument(b *Bus) busDocument {
	d := busDocument{Name: b.Name, Arn: s.busARN(b.Name), Description: b.Description, KmsKeyIdentifier: b.KMSKey,
		Policy: b.Policy, CreationTime: when(b.Created), LastModifiedTime: when(b.Modified)}
	if b.DeadLetterARN != "" {
		d.DeadLetterConfig = &DeadLetterConfig{ARN: b.DeadLetterARN}
	}
	return d
}

// take copies what a request says about a bus.
func (d busDocument) take(b *Bus) {
	b.Description, b.KMSKey = d.Description, d.KmsKeyIdentifier
	if d.DeadLetterConfig != nil {
		b.DeadLetterARN = d.DeadLetterConfig.ARN
	}
}

func (s *State) busOperations(all map[string]operation) {
	all["CreateEventBus"] = op(func(ctx context.Context, in busDocument) (busDocument, error) {
		if in.EventSourceName != "" {
			return busDocument{}, notFound("Event source %s does not exist.", in.EventSourceName)
		}
		b := Bus{Name: in.Name, Tags: in.Tags.asMap()}
		in.take(&b)
		made, err := s.CreateBus(ctx, b)
		if err != nil {
			return busDocument{}, err
		}
		out := s.busDocument(made)
		out.EventBusArn = out.Arn
		return out, nil
	})
	all["UpdateEventBus"] = op(func(ctx context.Context, in busDocument) (busDocument, error) {
		changed, err := s.UpdateBus(ctx, in.Name, func(b *Bus) error { in.take(b); return nil })
		if err != nil {
			return busDocument{}, err
		}
		return s.busDocument(changed), nil
	})
	all["DescribeEventBus"] = op(func(_ context.Context, in busDocument) (busDocument, error) {
		b, err := s.Bus(in.Name)
		if err != nil {
			return busDocument{}, err
		}
		return s.busDocument(b), nil
	})
	all["DeleteEventBus"] = op(func(ctx context.Context, in busDocument) (none, error) {
		return none{}, s.DeleteBus(ctx, in.Name)
	})
	all["ListEventBuses"] = op(s.wireListBuses)
	all["PutPermission"] = op(s.wirePutPermission)
	all["RemovePermission"] = op(func(ctx context.Context, in permissionInput) (none, error) {
		return none{}, s.RemovePermission(ctx, in.EventBusName, in.StatementID, in.RemoveAllPermissions)
	})
}

// listInput is what the List operations are asked.
type listInput struct {
	NamePrefix, NextToken         string
	Limit                         int
	EventBusName, Rule, TargetArn string
	EventSourceArn, State         string
}

type busList struct {
	EventBuses []busDocument
	NextToken  string `json:",omitempty"`
}

func (s *State) wireListBuses(_ context.Context, in listInput) (busList, error) {
	buses, next, err := s.Buses(in.NamePrefix, in.NextToken, in.Limit)
	out := busList{EventBuses: make([]busDocument, len(buses)), NextToken: next}
	for i, b := range buses {
		out.EventBuses[i] = s.busDocument(b)
	}
	return out, err
}

type permissionInput struct {
	EventBusName, Action, Principal, Policy string
	StatementID                             string `json:"StatementId"`
	RemoveAllPermissions                    bool
	Condition                               *struct{ Type, Key, Value string }
}

func (s *State) wirePutPermission(ctx context.Context, in permissionInput) (none, error) {
	st := Statement{Sid: in.StatementID, Action: in.Action, Principal: in.Principal}
	if in.Principal != "*" {
		st.Principal = map[string]string{"AWS": "arn:aws:iam::" + in.Principal + ":root"}
	}
	if c := in.Condition; c != nil {
		st.Condition = map[string]map[string]string{c.Type: {c.Key: c.Value}}
	}
	return none{}, s.PutPermission(ctx, in.EventBusName, in.Policy, st)
}
