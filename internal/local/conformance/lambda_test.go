package conformance

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"sluice/internal/fault"
	"sluice/internal/local/endpoint"
	local "sluice/internal/local/lambda"
)

const (
	lambdaReference = "https://docs.aws.amazon.com/lambda/latest/api/"
	lambdaList      = lambdaReference + "API_ListEventSourceMappings.html"
	lambdaUpdate    = lambdaReference + "API_UpdateEventSourceMapping.html"
	lambdaMapping   = lambdaReference + "API_EventSourceMappingConfiguration.html"
	lambdaFunction  = lambdaReference + "API_GetFunction.html"
)

// TestConformanceLambda runs against the embedded endpoint only: there, functions
// and mappings are the machine's, and moto's would have to be made first.
func TestConformanceLambda(t *testing.T) { embeddedOnly(t, "Lambda", lambdaCases) }

// embeddedOnly runs the cases of a service that is not compared with moto.
func embeddedOnly(t *testing.T, service string, cases []Case) {
	t.Helper()
	checkTable(t, cases, nil)
	target, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	t.Run(target.Name, func(t *testing.T) {
		for _, c := range cases {
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				runSame(t, service, c, target)
			})
		}
	})
}

// held is a poller that obeys when it is let go.
type held chan struct{}

func (h held) Apply(local.Settings) error {
	<-h
	return nil
}

// lambdaRoom is a machine of a case's own with the function f, fed from the queues
// a and b.
type lambdaRoom struct {
	testing.TB
	*lambda.Client
	target   Target
	services *endpoint.Services
	// letGo lets the pollers obey.
	letGo func()
}

func newLambdaRoom(t testing.TB) *lambdaRoom {
	t.Helper()
	target, services := ownMachine(t)
	poller := make(held, 2)
	poller <- struct{}{}
	poller <- struct{}{}
	r := &lambdaRoom{t, lambda.NewFromConfig(target.Config), target, services, func() { poller <- struct{}{} }}
	var mappings []local.Mapping
	for _, queue := range []string{"a", "b"} {
		mappings = append(mappings, local.Mapping{Function: "f", QueueARN: r.queue(queue), Poller: poller,
			Settings: local.Settings{Enabled: true, BatchSize: 100, Window: 1, Concurrency: 5}})
	}
	if err := services.Lambda.Install(t.Context(), []local.Function{{Name: "f", Timeout: time.Minute, Memory: 512}}, mappings); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *lambdaRoom) queue(name string) string { return r.target.ARN("sqs", name) }

// id is the UUID of the mapping from a.
func (r *lambdaRoom) id() *string {
	r.Helper()
	out, err := r.ListEventSourceMappings(r.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: aws.String("f"), EventSourceArn: aws.String(r.queue("a"))})
	if err != nil || len(out.EventSourceMappings) != 1 {
		r.Fatalf("%+v, %v", out, err)
	}
	return out.EventSourceMappings[0].UUID
}

func (r *lambdaRoom) state(id *string) string {
	r.Helper()
	out, err := r.GetEventSourceMapping(r.Context(), &lambda.GetEventSourceMappingInput{UUID: id})
	if err != nil {
		r.Fatal(err)
	}
	return *out.State
}

// becomes waits for a state.
func (r *lambdaRoom) becomes(id *string, want string) {
	r.Helper()
	for r.state(id) != want {
		if r.Context().Err() != nil {
			r.Fatalf("it is %s, and not %s", r.state(id), want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// refused tells whether a call failed with a code and a status.
func refused(t testing.TB, what string, err error, code string, status int) {
	t.Helper()
	if fault.Code(err) != code || fault.Status(err) != status {
		t.Errorf("%s: %v, want %s and %d", what, err, code, status)
	}
}

var lambdaCases = []Case{
	{"mappings are listed by function and queue", lambdaList, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		for _, c := range []struct {
			function, queue string
			want            int
		}{{"", "", 2}, {"f", "", 2}, {r.target.ARN("lambda", "function:f"), "", 2}, {"f", r.queue("a"), 1}, {"", r.queue("b"), 1}, {"f", r.queue("c"), 0}} {
			in := &lambda.ListEventSourceMappingsInput{}
			if c.function != "" {
				in.FunctionName = &c.function
			}
			if c.queue != "" {
				in.EventSourceArn = &c.queue
			}
			if out, err := r.ListEventSourceMappings(r.Context(), in); err != nil || len(out.EventSourceMappings) != c.want {
				r.Errorf("%+v: %+v, %v", c, out, err)
			}
		}
		_, err := r.ListEventSourceMappings(r.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: aws.String("g")})
		refused(r, "an unknown function", err, "ResourceNotFoundException", 404)
		_, err = r.ListEventSourceMappings(r.Context(), &lambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(10_001)})
		refused(r, "too large a page", err, "InvalidParameterValueException", 400)
	}},
	{"mappings are listed page by page", lambdaList, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		pages := lambda.NewListEventSourceMappingsPaginator(r.Client, &lambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(1)})
		var all []string
		for pages.HasMorePages() {
			out, err := pages.NextPage(r.Context())
			if err != nil || len(out.EventSourceMappings) > 1 {
				r.Fatalf("%+v, %v", out, err)
			}
			for _, m := range out.EventSourceMappings {
				all = append(all, *m.EventSourceArn)
			}
		}
		if slices.Sort(all); !slices.Equal(all, []string{r.queue("a"), r.queue("b")}) {
			r.Errorf("%v", all)
		}
	}},
	{"a mapping is told", lambdaMapping, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		id := r.id()
		m, err := r.GetEventSourceMapping(r.Context(), &lambda.GetEventSourceMappingInput{UUID: id})
		if err != nil {
			r.Fatal(err)
		}
		if *m.UUID != *id || *m.EventSourceArn != r.queue("a") || *m.FunctionArn != r.target.ARN("lambda", "function:f") || *m.EventSourceMappingArn != r.target.ARN("lambda", "event-source-mapping:"+*id) ||
			*m.State != "Enabled" || *m.BatchSize != 100 || *m.MaximumBatchingWindowInSeconds != 1 || *m.ScalingConfig.MaximumConcurrency != 5 ||
			!slices.Equal(m.FunctionResponseTypes, []types.FunctionResponseType{types.FunctionResponseTypeReportBatchItemFailures}) || time.Since(*m.LastModified).Abs() > time.Hour {
			r.Errorf("%+v", m)
		}
		_, err = r.GetEventSourceMapping(r.Context(), &lambda.GetEventSourceMappingInput{UUID: aws.String("00000000-0000-0000-0000-000000000000")})
		refused(r, "an unknown one", err, "ResourceNotFoundException", 404)
	}},
	{"a mapping is paused and resumed", lambdaUpdate, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		id := r.id()
		for _, c := range []struct {
			on       bool
			via, end string
		}{{false, "Disabling", "Disabled"}, {true, "Enabling", "Enabled"}} {
			out, err := r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, Enabled: &c.on})
			if err != nil || *out.State != c.via || r.state(id) != c.via {
				r.Fatalf("%+v, %v", out, err)
			}
			_, err = r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, Enabled: aws.Bool(!c.on)})
			refused(r, "while it is changed", err, "ResourceInUseException", 400)
			if !is[*types.ResourceInUseException](err) {
				r.Errorf("it has another type: %v", err)
			}
			r.letGo()
			r.becomes(id, c.end)
		}
	}},
	{"a mapping's pace is changed", lambdaUpdate, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		id := r.id()
		out, err := r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, BatchSize: aws.Int32(10), MaximumBatchingWindowInSeconds: aws.Int32(0),
			ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}, FunctionName: aws.String("f")})
		if err != nil || *out.State != "Updating" || *out.BatchSize != 10 || *out.MaximumBatchingWindowInSeconds != 0 || *out.ScalingConfig.MaximumConcurrency != 2 {
			r.Fatalf("%+v, %v", out, err)
		}
		r.letGo()
		r.becomes(id, "Enabled")
		out, err = r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: id, ScalingConfig: &types.ScalingConfig{}})
		if err != nil || out.ScalingConfig != nil {
			r.Errorf("%+v, %v", out, err)
		}
		r.letGo()
	}},
	{"what a mapping cannot be", lambdaUpdate, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		id := r.id()
		for name, in := range map[string]lambda.UpdateEventSourceMappingInput{
			"a batch of nothing":          {BatchSize: aws.Int32(0)},
			"too large a batch":           {BatchSize: aws.Int32(10_001)},
			"a large batch and no window": {MaximumBatchingWindowInSeconds: aws.Int32(0)},
			"too long a window":           {MaximumBatchingWindowInSeconds: aws.Int32(301)},
			"one call at a time":          {ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(1)}},
			"too many calls":              {ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(1001)}},
		} {
			in.UUID = id
			_, err := r.UpdateEventSourceMapping(r.Context(), &in)
			refused(r, name, err, "InvalidParameterValueException", 400)
		}
		_, err := r.UpdateEventSourceMapping(r.Context(), &lambda.UpdateEventSourceMappingInput{UUID: aws.String("00000000-0000-0000-0000-000000000000"), Enabled: aws.Bool(false)})
		refused(r, "an unknown one", err, "ResourceNotFoundException", 404)
	}},
	{"functions are told", lambdaFunction, func(t testing.TB, _ Target) {
		r := newLambdaRoom(t)
		out, err := r.GetFunction(r.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")})
		if err != nil || *out.Configuration.FunctionArn != r.target.ARN("lambda", "function:f") || *out.Configuration.Timeout != 60 || *out.Configuration.MemorySize != 512 ||
			out.Configuration.Runtime != types.RuntimeProvidedal2023 || out.Configuration.State != types.StateActive {
			r.Errorf("%+v, %v", out, err)
		}
		if _, err := r.GetFunctionConfiguration(r.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("f")}); err != nil {
			r.Error(err)
		}
		all, err := r.ListFunctions(r.Context(), &lambda.ListFunctionsInput{})
		if err != nil || len(all.Functions) != 1 || *all.Functions[0].FunctionName != "f" {
			r.Errorf("%+v, %v", all, err)
		}
		_, err = r.GetFunction(r.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("g")})
		refused(r, "an unknown one", err, "ResourceNotFoundException", 404)
	}},
}
