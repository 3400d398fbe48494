package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"sluice/internal/local/apigateway"
	"sluice/internal/local/bedrock"
	"sluice/internal/local/disk"
	"sluice/internal/local/eventbridge"
	"sluice/internal/local/lambda"
	"sluice/internal/local/s3"
	"sluice/internal/local/scheduler"
	"sluice/internal/local/service"
	"sluice/internal/local/ses"
	"sluice/internal/local/signature"
	"sluice/internal/local/sqs"
)

// Options say what services to make.
type Options struct {
	// Account and Region are what ARNs are made of.
	Account, Region string
	Log             *slog.Logger
	// Latency is how long the model takes for its first token; TokensPerMinute
	// is its quota, 0 for none.
	Latency         time.Duration
	TokensPerMinute int
	// AWS answers model calls instead of the stand-in, if it is there.
	AWS *AWSModel
}

// Services are the states behind the endpoint.
type Services struct {
	S3          *s3.State
	SQS         *sqs.State
	EventBridge *eventbridge.State
	SES         *ses.State
	Bedrock     *bedrock.State
	Lambda      *lambda.State
	Scheduler   *scheduler.State
	// AWS answers instead of Bedrock, if it is there.
	AWS *AWSModel
	// API is the HTTP API; nil if there is none.
	API *apigateway.API
	// Own serves the machine's own doors; nil if it has none.
	Own http.Handler
	// Access knows who may call; nil if nobody is asked, which is for loopback
	// addresses alone.
	Access *signature.Verifier
	// Calls keeps which calls are made; nil if nobody wants to know.
	Calls *Calls
	// BeforeEvents is called before EventBridge's operations, and may keep a caller
	// waiting; nil if nobody waits.
	BeforeEvents func(*http.Request)

	account string
	end     context.CancelFunc
	running sync.WaitGroup
}

// Assemble loads the states from the store, with large objects in the folder (""
// for a temporary one), and starts what they do in the background. The store is
// its owner's to close, after the services.
func Assemble(store disk.Store, folder string, o Options) (*Services, error) {
	s := &Services{AWS: o.AWS, account: o.Account}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	at := service.Config{Account: o.Account, Region: o.Region, Log: o.Log}
	var err error
	if s.SQS, err = sqs.New(store, sqs.Config{Account: o.Account, Region: o.Region}); err != nil {
		return nil, err
	}
	s.EventBridge, err = eventbridge.New(store, queues{s.SQS}, eventbridge.Config{Config: at})
	if err != nil {
		return nil, err
	}
	told := announcer{s.EventBridge}
	if s.S3, err = s3.New(store, folder, s3.Config{Config: at, Events: told}); err != nil {
		return nil, err
	}
	if s.SES, err = ses.New(store, told, at); err != nil {
		return nil, err
	}
	s.Bedrock, err = newModel(o)
	if err != nil {
		return nil, err
	}
	if err := s.newSchedules(store, at); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.end = cancel
	for _, run := range []func(context.Context) error{s.EventBridge.Run, s.S3.Run, s.Scheduler.Run} {
		s.running.Go(func() {
			if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
				o.Log.Error("a service has ended", "error", err.Error())
			}
		})
	}
	return s, nil
}

// Close ends what runs in the background. It is fine to close twice.
func (s *Services) Close() error {
	s.end()
	s.SQS.Close()
	s.running.Wait()
	s.Lambda.Close()
	return s.S3.Close()
}

// queues are SQS as EventBridge's targets.
type queues struct{ sqs *sqs.State }

// Send implements eventbridge.Targets: all deliveries of a call are one step on
// the disk.
func (q queues) Send(ctx context.Context, deliveries []eventbridge.Delivery) []error {
	all := make([]sqs.Addressed, len(deliveries))
	for i, d := range deliveries {
		o := sqs.Outgoing{Body: string(d.Body), Trace: d.TraceHeader, Group: d.MessageGroupID, Sender: "events.amazonaws.com"}
		for name, value := range d.Attributes {
			if o.Attributes == nil {
				o.Attributes = map[string]sqs.Attribute{}
			}
			o.Attributes[name] = sqs.Attribute{DataType: "String", StringValue: &value}
		}
		all[i] = sqs.Addressed{Queue: d.TargetARN, Outgoing: o}
	}
	_, errs := q.sqs.SendAll(ctx, all)
	for i, err := range errs {
		var refused *sqs.Error
		if errors.As(err, &refused) {
			// What SQS refuses now it will refuse again. EventBridge does not retry a
			// target that is not there: the event goes to the dead-letter queue at once.
			errs[i] = &eventbridge.TargetError{Code: codeOf(refused), Message: refused.Message, Permanent: true}
		}
	}
	return errs
}

// codeOf is the error code that EventBridge writes on a dead letter.
func codeOf(e *sqs.Error) string {
	if e.Code == "QueueDoesNotExist" {
		return "NO_RESOURCE"
	}
	return "SQS_ERROR"
}

// announcer is EventBridge's default bus as S3 and SES tell of things.
type announcer struct{ bus *eventbridge.State }

// sourceS3 is who says what happened to objects.
const sourceS3 = "aws.s3"

func resourcesOf(e s3.Event) []string { return []string{"arn:aws:s3:::" + e.Bucket} }

// Wants implements s3.Events.
func (a announcer) Wants(e s3.Event) bool {
	return a.bus.Wants(sourceS3, e.Type, resourcesOf(e), e.Detail())
}

// Tell implements s3.Events.
func (a announcer) Tell(ctx context.Context, e s3.Event) error {
	detail, err := json.Marshal(e.Detail())
	if err != nil {
		return err
	}
	return a.put(ctx, []eventbridge.Entry{{ID: e.ID, Time: e.Time, Source: sourceS3, DetailType: e.Type, Detail: string(detail), Resources: resourcesOf(e)}})
}

// Publish implements ses.Publisher.
func (a announcer) Publish(ctx context.Context, all []ses.Event) error {
	entries := make([]eventbridge.Entry, len(all))
	for i, e := range all {
		entries[i] = eventbridge.Entry{Time: e.Time, Source: "aws.ses", DetailType: e.DetailType, Detail: string(e.Detail), Resources: e.Resources}
	}
	return a.put(ctx, entries)
}

func (a announcer) put(ctx context.Context, entries []eventbridge.Entry) error {
	results, err := a.bus.Put(ctx, entries)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.ErrorCode != "" {
			return errors.New(r.ErrorCode + ": " + r.ErrorMessage)
		}
	}
	return nil
}
