package machine

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
	"sluice/internal/local/sqs"
)

const analyzeQueue = "arn:aws:sqs:us-east-1:000000000000:sluice-local-analyze"

func patient(t *testing.T, counts func(string) (sqs.Counts, error)) patience {
	t.Helper()
	c, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	return newPatience(c, Environment, counts)
}

func TestWhoeverStandsAtTheDoorWaitsForTheNext(t *testing.T) {
	want := map[string]string{FunctionKey("ingest"): analyzeQueue, FunctionKey("feedback"): "arn:aws:sqs:us-east-1:000000000000:sluice-local-track"}
	if diff := cmp.Diff(want, patient(t, nil).queues); diff != "" {
		t.Error(diff)
	}
}

// asked is a request as a function signs it.
func asked(ctx context.Context, target, function string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil)
	r.Header.Set("X-Amz-Target", target)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+FunctionKey(function)+"/20260304/us-east-1/events/aws4_request, SignedHeaders=host, Signature=0")
	return r
}

func TestHowLongPatienceLasts(t *testing.T) {
	const put = "AWSEvents.PutEvents"
	broken := errors.New("no such queue")
	for name, tt := range map[string]struct {
		target, function string
		visible          func(after time.Duration) int
		err              error
		want             time.Duration
	}{
		"nobody waits":        {put, "ingest", func(time.Duration) int { return 0 }, nil, 0},
		"less than enough":    {put, "ingest", func(time.Duration) int { return waitingMost - 1 }, nil, 0},
		"until it is shorter": {put, "ingest", func(after time.Duration) int { return waitingMost - int(after/time.Second) }, nil, time.Second},
		"not for ever":        {put, "ingest", func(time.Duration) int { return 1 << 20 }, nil, patienceMost},
		"no queue":            {put, "ingest", func(time.Duration) int { return 1 << 20 }, broken, 0},
		"who works":           {put, "analyze", func(time.Duration) int { return 1 << 20 }, nil, 0},
		"who is waited for":   {put, "api", func(time.Duration) int { return 1 << 20 }, nil, 0},
		"somebody else":       {put, "unknown", func(time.Duration) int { return 1 << 20 }, nil, 0},
		"another operation":   {"AWSEvents.ListRules", "ingest", func(time.Duration) int { return 1 << 20 }, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				p := patient(t, func(queue string) (sqs.Counts, error) {
					if queue != analyzeQueue {
						t.Errorf("asks about %s", queue)
					}
					return sqs.Counts{Visible: tt.visible(time.Since(began))}, tt.err
				})
				p.before(asked(t.Context(), tt.target, tt.function))
				if waited := time.Since(began); waited < tt.want || waited > tt.want+askAgain {
					t.Errorf("waited %s, want %s", waited, tt.want)
				}
			})
		})
	}
}

func TestNobodyIsPatientWithWhoeverIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		patient(t, func(string) (sqs.Counts, error) { return sqs.Counts{Visible: waitingMost}, nil }).before(asked(ctx, "AWSEvents.PutEvents", "ingest"))
		if waited := time.Since(began); waited != time.Second {
			t.Errorf("waited %s", waited)
		}
	})
}
