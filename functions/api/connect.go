package api

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/events"
	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/bus"
	"sluice/internal/ledger"
	"sluice/internal/objects"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/schemas"
)

// Connect makes the handler that works with the services of AWS. The error says
// that the table of models is wrong.
func Connect(c Config, clients aws.Config, log *slog.Logger) (*Handler, error) {
	models, err := bedrock.LoadModels()
	if err != nil {
		return nil, err
	}
	// Somebody waits for the first request too.
	schemas.PrepareEvent(events.RequestReceived{}.Type(), events.RequestReceived{}.Version())
	store := objects.Connect(clients, c.Bucket)
	list := suppression.New(store, c.SuppressionSecret, time.Now)
	model := bedrock.New(bedrockruntime.NewFromConfig(clients), models, c.Environment).By(c.Way)
	// The checksum of a body that is not there yet must not be signed.
	signing := s3.NewFromConfig(clients, func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
	return New(Parts{
		Config:   c,
		Store:    store,
		Signer:   s3.NewPresignClient(signing),
		Payloads: bus.NewPayloads(store),
		Tasks:    task.NewRegistry(store, time.Now),
		Answers: answers.New(store, model, answers.Options{
			Keys: c.Keys, DefaultModel: c.Model, Models: models, Pace: c.pace, Now: time.Now,
			Ledger: ledger.New(os.Stdout, c.Environment, time.Now), Budget: budget.New(store, c.Limits, time.Now),
		}),
		Bus:          bus.NewDirect(eventbridge.NewFromConfig(clients), c.Bus, Name),
		Suppressions: list,
		Permit:       suppression.Permit{List: list, Domains: c.Domains},
		Log:          log,
		Now:          time.Now,
	}), nil
}
