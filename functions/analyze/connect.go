package analyze

import (
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/bus"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/task"
)

// Connect makes the handler that works with the services of AWS. The error says
// that the table of models is wrong.
func Connect(c Config, clients aws.Config, log *slog.Logger) (*Handler, error) {
	models, err := bedrock.LoadModels()
	if err != nil {
		return nil, err
	}
	store := objects.New(s3.NewFromConfig(clients), c.Bucket)
	model := bedrock.New(bedrockruntime.NewFromConfig(clients), models, c.Environment)
	return New(Parts{
		Tenants:  c.Tenants,
		Payloads: bus.NewPayloads(store),
		Tasks:    task.NewRegistry(store, time.Now),
		Book:     requests.New(store),
		Answers:  answers.New(store, model, answers.Options{Keys: c.Keys, DefaultModel: c.Model, Now: time.Now}),
		Bus:      bus.New(eventbridge.NewFromConfig(clients), c.Bus, Name),
		Log:      log,
		Now:      time.Now,
	}), nil
}
