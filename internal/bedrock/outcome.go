package bedrock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/smithy-go"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/task"
)

// Failure says that the model cannot answer this call. Asking the same again is
// of little use, except where it says so.
type Failure struct {
	Class events.FailureClass
	// Message is one sentence for people; it quotes nothing of the call.
	Message string
	// Spend is what the failed call took.
	Spend Spend
	// Truncated: the answer was cut off at max_tokens, so more of them may help.
	Truncated bool
}

// Error is the message with the class.
func (f *Failure) Error() string { return fmt.Sprintf("%s: %s", f.Class, f.Message) }

// refusal is what models of Anthropic stop with when they decline; the SDK does
// not know it yet.
const refusal types.StopReason = "refusal"

// read turns what the service answered into an answer or a failure.
func (c *Client) read(call Call, model Model, out *bedrockruntime.ConverseOutput) (Answer, error) {
	a := Answer{Spend: c.spend(call, out)}
	if out.Metrics != nil {
		a.Latency = time.Duration(aws.ToInt64(out.Metrics.LatencyMs)) * time.Millisecond
	}
	fail := func(class events.FailureClass, message string) (Answer, error) {
		return Answer{}, &Failure{Class: class, Message: message, Spend: a.Spend, Truncated: out.StopReason == types.StopReasonMaxTokens}
	}
	switch out.StopReason {
	case types.StopReasonGuardrailIntervened:
		return fail(events.FailureRefused, "a guardrail stopped the answer")
	case types.StopReasonContentFiltered:
		return fail(events.FailureRefused, "a content filter stopped the answer")
	case refusal:
		return fail(events.FailureRefused, "the model declined to answer")
	case types.StopReasonMaxTokens:
		return fail(events.FailureTooLong, fmt.Sprintf("the answer does not fit into %d tokens", call.MaxTokens))
	case types.StopReasonModelContextWindowExceeded:
		return fail(events.FailureTooLong, "input and answer together do not fit into the model's context window")
	case types.StopReasonMalformedModelOutput, types.StopReasonMalformedToolUse:
		return fail(events.FailureUnfit, "the model's output was malformed")
	}
	var err error
	if a.Text, err = said(out, model.Schema); err != nil {
		return fail(events.FailureUnfit, err.Error())
	}
	return a, nil
}

func (c *Client) spend(call Call, out *bedrockruntime.ConverseOutput) Spend {
	var s Spend
	if u := out.Usage; u != nil {
		s.Usage = events.Usage{
			Input: int(aws.ToInt32(u.InputTokens)), Output: int(aws.ToInt32(u.OutputTokens)),
			CacheRead: int(aws.ToInt32(u.CacheReadInputTokens)), CacheWrite: int(aws.ToInt32(u.CacheWriteInputTokens)),
		}
	}
	lane := call.Lane
	if out.ServiceTier != nil && out.ServiceTier.Type == types.ServiceTierTypeDefault {
		lane = task.Standard
	}
	s.Cost = c.models.CostOf(call.Model, lane, s.Usage)
	if t := out.Trace; t != nil && t.PromptRouter != nil {
		s.AnsweredBy = aws.ToString(t.PromptRouter.InvokedModelId)
	}
	return s
}

// said is the JSON that the model wrote: its text, or the tool's input.
func said(out *bedrockruntime.ConverseOutput, mode SchemaMode) ([]byte, error) {
	message, is := out.Output.(*types.ConverseOutputMemberMessage)
	if !is {
		return nil, errors.New("the answer holds no message")
	}
	var text strings.Builder
	for _, block := range message.Value.Content {
		switch b := block.(type) {
		case *types.ContentBlockMemberText:
			text.WriteString(b.Value)
		case *types.ContentBlockMemberToolUse:
			if mode != Tool || b.Value.Input == nil {
				continue
			}
			input, err := b.Value.Input.MarshalSmithyDocument()
			if err != nil {
				return nil, errors.New("the tool's input cannot be read")
			}
			return input, nil
		}
	}
	if text.Len() == 0 {
		return nil, errors.New("the model said nothing")
	}
	return []byte(text.String()), nil
}

// How long to wait after the service said "not now", and half as much again at
// random, so that those who wait do not come back together.
const (
	throttlePause = 15 * time.Second // tokens and requests per minute
	overloadPause = 8 * time.Second  // the service has no room
	quotaPause    = 10 * time.Minute // a quota that is not about rate
	dayPause      = time.Hour        // tokens per day: until the reset, looked at once an hour
)

// classify says what to do about an error of the service. Its message is not
// kept, except where it is about names and rights only.
func classify(model string, err error) error {
	code, status := fault.Code(err), fault.Status(err)
	said := strings.ToLower(messageOf(err))
	brief := fmt.Errorf("ask %s: %s, status %d", model, named(code, err), status)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled):
		return fault.As(fault.Retry, fmt.Errorf("ask %s: %w in time", model, ErrUnanswered))
	case fault.Throttled(err) && strings.Contains(said, "per day"):
		return refused(DayQuota, dayPause, brief)
	case code == "ModelNotReadyException" || status == http.StatusServiceUnavailable:
		return refused(Overloaded, overloadPause, brief)
	case fault.Throttled(err):
		return refused(Throttled, throttlePause, brief)
	case code == "ServiceQuotaExceededException":
		return refused(DayQuota, quotaPause, brief)
	case code == "ValidationException":
		return invalid(said)
	case code == "AccessDeniedException" || code == "ResourceNotFoundException":
		return fault.As(fault.Park, fmt.Errorf("%w: %s", brief, messageOf(err)))
	case status == http.StatusRequestTimeout:
		return fault.As(fault.Retry, fmt.Errorf("%w: %w", brief, ErrUnanswered))
	case status == http.StatusFailedDependency || status == http.StatusConflict:
		return fault.As(fault.Retry, brief)
	case status >= 400 && status < 500 && code != "":
		return fault.As(fault.Park, brief)
	case status == 0:
		return fault.As(fault.Retry, fmt.Errorf("ask %s: the service cannot be reached: %w", model, ErrUnanswered))
	}
	return fault.As(fault.Retry, brief)
}

// ErrUnanswered says that no answer of the service came: the call may have been
// billed, and nobody knows what it took.
var ErrUnanswered = errors.New("no answer came")

// Reason is why the service refused a call.
type Reason string

// The reasons.
const (
	Throttled  Reason = "throttled"  // tokens or requests per minute
	Overloaded Reason = "overloaded" // the service has no room
	DayQuota   Reason = "dayQuota"   // a quota that does not clear within minutes
)

// Refused says that the service did not take a call. Nothing was charged.
type Refused struct {
	Reason Reason
	err    error
}

// Error names the code and status that the service answered.
func (r *Refused) Error() string { return r.err.Error() }

// Unwrap gives the error below.
func (r *Refused) Unwrap() error { return r.err }

func refused(why Reason, d time.Duration, err error) error {
	return fault.DeferFor(d+rand.N(d/2), &Refused{why, err})
}

// invalid finds out what the service means by a call that is not valid.
func invalid(said string) *Failure {
	has := func(any ...string) bool {
		for _, part := range any {
			if strings.Contains(said, part) {
				return true
			}
		}
		return false
	}
	switch {
	case has("too long", "too many input tokens", "too many tokens", "context window", "context length", "maximum tokens", "exceeds the max"):
		return &Failure{Class: events.FailureTooLong, Message: "the input does not fit into the model's context window"}
	case has("on-demand throughput", "model identifier", "model id", "inference profile"):
		return &Failure{Class: events.FailureUnusable, Message: "the service does not know the task's model, or does not offer it by this id"}
	case has("schema", "outputconfig", "output_config", "textformat", "toolconfig", "tool_choice", "structured output"):
		return &Failure{Class: events.FailureUnusable, Message: "the service cannot make this model answer in the task's output schema"}
	}
	return &Failure{Class: events.FailureModel, Message: "the model's service calls the request wrong (ValidationException)"}
}

func messageOf(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// named is the error's code. Without one, no service's error was read: the answer
// is not one of a service, or broke off, and then it matters how.
func named(code string, err error) string {
	var network *net.OpError
	switch {
	case code != "":
		return code
	case errors.As(err, &network):
		return fmt.Sprintf("an error that broke off (%v)", network.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "an error that broke off"
	}
	return "an error without a code"
}
