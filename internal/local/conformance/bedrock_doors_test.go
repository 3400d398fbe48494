package conformance

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	brtypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
)

const bedrockQuota = "https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html"

// newBedrockDoor is a model of a case's own, set by the machine's own door.
func newBedrockDoor(t testing.TB) (r *bedrockRoom, set func(config string)) {
	t.Helper()
	target, _ := ownMachine(t)
	return newBedrockRoom(t, target), setter(t, target)
}

func setter(t testing.TB, target Target) func(config string) {
	return func(config string) {
		t.Helper()
		if status, _, body := send(t, http.MethodPut, target.URL+"/_sluice/bedrock", nil, strings.NewReader(config)); status != http.StatusOK {
			t.Fatalf("%s: %d %s", config, status, body)
		}
	}
}

// is tells whether an error is of a type of the SDK.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

func most(tokens int32) func(*bedrockruntime.ConverseInput) {
	return func(in *bedrockruntime.ConverseInput) {
		in.InferenceConfig = &brtypes.InferenceConfiguration{MaxTokens: aws.Int32(tokens)}
	}
}

var bedrockDoorCases = []Case{
	{"every error has its status and type", bedrockConverse, func(t testing.TB, _ Target) {
		r, set := newBedrockDoor(t)
		for fault, want := range map[string]struct {
			told string
			is   func(error) bool
		}{
			"throttle":      {"429 ThrottlingException", is[*brtypes.ThrottlingException]},
			"throttleDay":   {"429 ThrottlingException", is[*brtypes.ThrottlingException]},
			"requests":      {"429 ThrottlingException", is[*brtypes.ThrottlingException]},
			"unavailable":   {"503 ServiceUnavailableException", is[*brtypes.ServiceUnavailableException]},
			"timeout":       {"408 ModelTimeoutException", is[*brtypes.ModelTimeoutException]},
			"modelError":    {"424 ModelErrorException", is[*brtypes.ModelErrorException]},
			"notReady":      {"429 ModelNotReadyException", is[*brtypes.ModelNotReadyException]},
			"internal":      {"500 InternalServerException", is[*brtypes.InternalServerException]},
			"notFound":      {"404 ResourceNotFoundException", is[*brtypes.ResourceNotFoundException]},
			"denied":        {"403 AccessDeniedException", is[*brtypes.AccessDeniedException]},
			"quotaExceeded": {"400 ServiceQuotaExceededException", func(error) bool { return true }}, // the SDK has no type for it here
		} {
			set(`{"faults": {"` + fault + `": {"every": 1}}}`)
			_, err := r.ask(nil)
			wantTold(t, fault, err, want.told)
			if !want.is(err) {
				t.Errorf("%s: %T %v", fault, err, err)
			}
		}
		set(`{"faults": {}}`)
		_, err := r.ask(nil)
		wantTold(t, "no fault", err, "200")
	}},
	{"answers are spoilt on demand", bedrockConverse, func(t testing.TB, _ Target) {
		r, set := newBedrockDoor(t)
		for fault, want := range map[string]brtypes.StopReason{
			"truncated": brtypes.StopReasonMaxTokens, "guardrail": brtypes.StopReasonGuardrailIntervened, "filtered": brtypes.StopReasonContentFiltered,
			"malformed": brtypes.StopReasonMalformedModelOutput, "garbled": brtypes.StopReasonEndTurn,
		} {
			set(`{"faults": {"` + fault + `": {"contains": "parcel"}}}`)
			out, err := r.ask(func(in *bedrockruntime.ConverseInput) { in.OutputConfig = structured(bedrockSchema) })
			if err != nil || out.StopReason != want {
				t.Errorf("%s: %+v, %v", fault, out, err)
			}
			out, err = r.ask(func(in *bedrockruntime.ConverseInput) { in.Messages = userSays("Hello") })
			if err != nil || out.StopReason != brtypes.StopReasonEndTurn {
				t.Errorf("%s, for somebody else: %+v, %v", fault, out, err)
			}
		}
		set(`{"faults": {"lost": {"every": 1}}}`)
		if _, err := r.ask(nil); err == nil || strings.HasPrefix(told(err), "4") || strings.HasPrefix(told(err), "5") {
			t.Errorf("a lost answer: %v", err)
		}
	}},
	{"the quota reserves what may come", bedrockQuota, func(t testing.TB, _ Target) {
		target, services := ownMachine(t)
		r, set := newBedrockRoom(t, target), setter(t, target)
		set(`{"quota": {"tokensPerMinute": 10000}, "latency": {"firstTokenMs": 60000}}`)
		_, err := r.ask(most(20_000))
		wantTold(t, "a call that may take more than there is", err, "429 ThrottlingException")
		// One of three is admitted, and would hold its reservation for a minute.
		ctx, cancel := context.WithCancel(r.ctx)
		defer cancel()
		r.ctx = ctx
		answers := make(chan string, 3)
		for range 3 {
			go func() {
				_, err := r.ask(most(9_000))
				answers <- told(err)
			}()
		}
		for range 2 {
			if got := <-answers; got != "429 ThrottlingException" {
				t.Errorf("of 3 calls of 9,000 tokens at once, quota 10,000, one: %s", got)
			}
		}
		if counter := services.Bedrock.Counters()[claude]; counter.InFlight != 1 || counter.Throttled != 3 {
			t.Errorf("counters %+v", counter)
		}
		cancel()
		<-answers
	}},
	{"the quota is charged what came", bedrockQuota, func(t testing.TB, _ Target) {
		r, set := newBedrockDoor(t)
		set(`{"quota": {"tokensPerMinute": 10000}, "latency": {}}`)
		for i := range 5 {
			_, err := r.ask(most(6_000)) // of which it takes less than 100
			wantTold(t, "call after call, number "+string(rune('1'+i)), err, "200")
		}
	}},
	{"a quota of requests", "https://docs.aws.amazon.com/bedrock/latest/userguide/quotas.html", func(t testing.TB, _ Target) {
		r, set := newBedrockDoor(t)
		set(`{"quota": {"requestsPerMinute": 2}, "latency": {}}`)
		for i, want := range []string{"200", "200", "429 ThrottlingException"} {
			_, err := r.ask(nil)
			wantTold(t, "request number "+string(rune('1'+i)), err, want)
		}
	}},
}
