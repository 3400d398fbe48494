package fault_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"sluice/internal/fault"
	"sluice/internal/objects/objectstest"
)

func TestErrorsAreClassifiedOnceAndSurviveWrapping(t *testing.T) {
	plain := errors.New("x")
	tests := map[string]struct {
		err   error
		class fault.Class
		after time.Duration
	}{
		"nobody classified it":     {plain, fault.Retry, 0},
		"parked":                   {fmt.Errorf("more: %w", fault.As(fault.Park, plain)), fault.Park, 0},
		"deferred":                 {fmt.Errorf("more: %w", fault.DeferFor(time.Minute, plain)), fault.Defer, time.Minute},
		"the outermost class wins": {fault.As(fault.Retry, fault.As(fault.Park, plain)), fault.Retry, 0},
		"time ran out":             {context.DeadlineExceeded, fault.Retry, 0},
		"throttled by status":      {objectstest.Error(429, "Whatever"), fault.Defer, 0},
		"throttled by code":        {&smithy.GenericAPIError{Code: "ThrottlingException"}, fault.Defer, 0},
		"S3 slows down":            {objectstest.Error(503, "SlowDown"), fault.Defer, 0},
		"forbidden":                {objectstest.Error(403, "AccessDenied"), fault.Park, 0},
		"by nobody of AWS":         {objectstest.Error(400, ""), fault.Retry, 0},
		"wrong":                    {objectstest.Error(400, "ValidationException"), fault.Park, 0},
		"a conflict passes":        {objectstest.Error(409, "Conflict"), fault.Retry, 0},
		"their fault":              {objectstest.Error(500, "InternalError"), fault.Retry, 0},
	}
	for name, test := range tests {
		class, after := fault.Of(test.err)
		if class != test.class || after != test.after {
			t.Errorf("%s: %s after %s, want %s after %s", name, class, after, test.class, test.after)
		}
	}
	if fault.As(fault.Park, nil) != nil {
		t.Error("nil became an error")
	}
	if !errors.Is(fault.As(fault.Park, plain), plain) {
		t.Error("the cause is lost")
	}
}
