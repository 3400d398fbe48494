package analyze

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"sluice/internal/answers"
	"sluice/internal/bedrock"
	"sluice/internal/budget"
	"sluice/internal/bus"
	"sluice/internal/ledger"
	"sluice/internal/mappings"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/suppression"
	"sluice/internal/task"
	"sluice/internal/workflow"
)

// Connect makes the handler that works with the services of AWS. The error says
// that the table of models or the workflow's ARN is wrong.
func Connect(c Config, clients aws.Config, log *slog.Logger) (*Handler, error) {
	models, err := bedrock.LoadModels()
	if err != nil {
		return nil, err
	}
	store := objects.Connect(clients, c.Bucket)
	model := bedrock.New(bedrockruntime.NewFromConfig(clients), models, c.Environment).By(c.Way)
	parts := Parts{
		Tenants:  c.Tenants,
		Payloads: bus.NewPayloads(store),
		Tasks:    task.NewRegistry(store, time.Now),
		Book:     requests.New(store),
		Answers: answers.New(store, model, answers.Options{
			Keys: c.Keys, DefaultModel: c.Model, Models: models, Pace: c.pace, Now: time.Now,
			Ledger: ledger.New(os.Stdout, c.Environment, time.Now), Budget: budget.New(store, c.Limits, time.Now),
		}),
		Permit:     suppression.Permit{List: suppression.New(store, c.SuppressionSecret, time.Now), Domains: c.Domains},
		Bus:        bus.New(eventbridge.NewFromConfig(clients), c.Bus, Name),
		Store:      store,
		PastBudget: c.Limits.Past,
		Log:        log,
		Now:        time.Now,
	}
	if c.PauseRole != "" {
		parts.Mappings = mappings.Connect(clients, mappings.Options{Function: c.Function, RoleARN: c.PauseRole})
	}
	if c.WorkflowARN != "" {
		if parts.Workflow, err = workflow.NewMachine(workflow.New(clients), c.WorkflowARN); err != nil {
			return nil, fmt.Errorf("environment: SLUICE_WORKFLOW_ARN: %w", err)
		}
	}
	return New(parts), nil
}
