package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/internal/admission"
	"sluice/internal/answers"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/internal/telemetry"
)

// Name is the function's name.
const Name = "api"

// Payloads keeps inputs that are too large for an event; see internal/bus.
type Payloads interface {
	admission.Payloads
	CheckIn(ctx context.Context, tenant string, in events.Input) (events.Input, error)
}

// Answers asks the model; see internal/answers.
type Answers interface {
	BeginBy(ctx context.Context, by time.Time) *answers.Batch
	Find(ctx context.Context, r answers.Request) (answers.Outcome, bool, error)
}

// Publisher says events; see internal/bus.
type Publisher interface {
	PublishAll(context.Context, ...events.Envelope) []error
}

// Signer signs URLs of S3; *s3.PresignClient is one.
type Signer interface {
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignPutObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
}

// Suppressions is who may not be mailed; see internal/suppression.
type Suppressions interface {
	Suppress(ctx context.Context, key string, e suppression.Entry) error
}

// Parts are what the handler works with.
type Parts struct {
	Config       Config
	Store        *objects.Store
	Signer       Signer
	Payloads     Payloads
	Tasks        *task.Registry
	Answers      Answers
	Bus          Publisher
	Suppressions Suppressions
	// Permit decides who may be mailed.
	Permit admission.Permit
	Log    *slog.Logger
	Now    func() time.Time
}

// Handler answers HTTP requests.
type Handler struct {
	Parts
	book     *requests.Book
	recorder *telemetry.Recorder
}

// New makes the handler.
func New(p Parts) *Handler {
	return &Handler{p, requests.New(p.Store), telemetry.NewRecorder(p.Log, p.Now)}
}

// call is one HTTP request on its way.
type call struct {
	awsevents.APIGatewayV2HTTPRequest
	route  route
	tenant string
	began  time.Time
}

const (
	// margin is what is left of an invocation's time for the answer: a gateway that
	// waits in vain answers 504, and nobody knows what became of the request.
	margin = 1500 * time.Millisecond
	// retrySoon is when to try again after something failed that may go better.
	retrySoon = 2 * time.Second
)

// Handle answers one HTTP request that API Gateway passes on. The error is always
// nil: what goes wrong has an answer of its own.
func (h *Handler) Handle(ctx context.Context, e awsevents.APIGatewayV2HTTPRequest) (awsevents.APIGatewayV2HTTPResponse, error) {
	c := &call{APIGatewayV2HTTPRequest: e, began: h.Now()}
	ctx, invocation := h.recorder.Begin(ctx)
	defer invocation.End(ctx)
	span := invocation.Span(telemetry.Source{Trace: c.header("x-amzn-trace-id")})
	ctx = span.Start(ctx)
	work := ctx
	if deadline, set := ctx.Deadline(); set {
		var cancel context.CancelFunc
		work, cancel = context.WithDeadline(ctx, deadline.Add(-margin))
		defer cancel()
	}
	var answer response
	err := fault.Guard(func() (err error) { answer, err = h.answer(work, c); return err })
	if err != nil {
		answer = h.failure(ctx, err)
	}
	span.Done(ctx, outcomeOf(answer.status), slog.Int("status", answer.status), slog.String("tenant", c.tenant), slog.String("gatewayId", e.RequestContext.RequestID))
	return answer.event(), nil
}

// outcomeOf is what a line says of an answer, beside its status.
func outcomeOf(status int) string {
	switch {
	case status < http.StatusBadRequest:
		return telemetry.Done
	case status < http.StatusInternalServerError:
		return telemetry.Refused
	}
	return telemetry.Failed
}

// answer finds who answers the request, and lets him.
func (h *Handler) answer(ctx context.Context, c *call) (response, error) {
	var err error
	if c.route, err = find(c); err != nil {
		return response{}, err
	}
	telemetry.With(ctx, telemetry.IDs{Event: c.route.key})
	if !c.route.public {
		if c.tenant, err = h.tenantOf(c); err != nil {
			return response{}, err
		}
	}
	if err := c.negotiate(); err != nil {
		return response{}, err
	}
	return c.route.handle(h, ctx, c)
}

// failure is the answer to an error: itself if it is a problem.
func (h *Handler) failure(ctx context.Context, err error) response {
	var p *problem
	if errors.As(err, &p) {
		return p.response()
	}
	return h.problemOf(ctx, err).response()
}

// problemOf is what a caller is told of an error on this side: its class says
// whether to try again. Only the operator's log is told what it was.
func (h *Handler) problemOf(ctx context.Context, err error) *problem {
	class, after := fault.Of(err)
	h.Log.ErrorContext(ctx, "failed", "class", class, "error", err.Error())
	if class == fault.Park || class == fault.Reject {
		return refuse(internal, "something is wrong on this side; a person must look")
	}
	return refuse(unavailable, "this could not be done now; try again, with the same Idempotency-Key").after(max(after, retrySoon))
}
