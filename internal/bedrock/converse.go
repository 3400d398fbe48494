package bedrock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/document"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/task"
)

// API is what is called of Bedrock; *bedrockruntime.Client has it.
type API interface {
	Converse(context.Context, *bedrockruntime.ConverseInput, ...func(*bedrockruntime.Options)) (*bedrockruntime.ConverseOutput, error)
}

// Client calls models for one environment.
type Client struct {
	api         API
	models      Models
	environment string
	way         Way
}

// New makes a client; the environment's name goes into the invocation log.
func New(api API, models Models, environment string) *Client {
	return &Client{api: api, models: models, environment: environment}
}

// By is the client whose calls go that way.
func (c *Client) By(way Way) *Client {
	other := *c
	other.way = way
	return &other
}

// Models is the table that the client prices by.
func (c *Client) Models() Models { return c.models }

// Call is what one call asks.
type Call struct {
	// Model is a model id, an inference profile or the ARN of one.
	Model  string
	System string
	User   string
	// Schema is the JSON Schema of the answer.
	Schema json.RawMessage
	// MaxTokens bounds the answer; it is cut to what the model can.
	MaxTokens int
	// Temperature is sent to models that take one; nil leaves it to the model.
	Temperature *float64
	// Lane is the service tier that is asked for, if the model has it.
	Lane task.Lane
	// CacheSystem asks for System to be kept in the prompt cache, which pays only
	// if it is long enough and comes again within minutes; see [Model].
	CacheSystem bool
	// Task names the task in the invocation log. So does Tenant, by its hash.
	Task   string
	Tenant string
}

// Answer is what a model said.
type Answer struct {
	// Text is JSON in the schema, if the model kept to it.
	Text  []byte
	Spend Spend
	// Latency is what the service measured.
	Latency time.Duration
}

// Spend is what one call took.
type Spend struct {
	Usage events.Usage
	Cost  Cost
	// AnsweredBy is the model that answered, where the service says that it was
	// another one than was asked.
	AnsweredBy string
}

const (
	// longest is how long a call may take. The slowest known model writes 40
	// tokens a second; what takes longer is not going to come.
	longest = 100 * time.Second
	// shortest is the time that must be left to begin a call: one that is cut off
	// is paid for, and its answer is lost.
	shortest = 5 * time.Second
	// later is when a call that was not begun for want of time comes again.
	later = time.Second
)

// ErrNoTime says that a call was not begun, as its answer could not have been
// waited for.
var ErrNoTime = errors.New("too little time left")

// Converse makes one call. The error is a [*Failure], or has a class: Defer (not
// now: a [*Refused], or too little time left in ctx, [ErrNoTime]), Retry or Park.
func (c *Client) Converse(ctx context.Context, call Call) (Answer, error) {
	if deadline, set := ctx.Deadline(); set && time.Until(deadline) < shortest {
		return Answer{}, fault.DeferFor(later, fmt.Errorf("%w to ask %s", ErrNoTime, call.Model))
	}
	model, known := c.models.Find(call.Model)
	if !known {
		model = Model{Schema: Native, Temperature: true}
	}
	in, err := c.input(call, model)
	if err != nil {
		return Answer{}, err
	}
	c.way.apply(in)
	limited, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	out, err := c.api.Converse(limited, in, once)
	switch {
	case err == nil:
		return c.read(call, model, out)
	case ctx.Err() != nil:
		// The caller's time is over, which is not the call's fault.
		return Answer{}, fault.DeferFor(later, fmt.Errorf("ask %s: the time was over: %w", call.Model, ErrUnanswered))
	}
	return Answer{}, classify(call.Model, err)
}

// once turns the SDK's retries off.
func once(o *bedrockruntime.Options) { o.Retryer = aws.NopRetryer{} }

// schemaName names the schema, and the tool where a tool is the schema.
const schemaName = "answers"

func (c *Client) input(call Call, model Model) (*bedrockruntime.ConverseInput, error) {
	limit := call.MaxTokens
	if model.MaxOutput > 0 {
		limit = min(limit, model.MaxOutput)
	}
	in := &bedrockruntime.ConverseInput{
		ModelId:         &call.Model,
		System:          []types.SystemContentBlock{&types.SystemContentBlockMemberText{Value: call.System}},
		Messages:        []types.Message{{Role: types.ConversationRoleUser, Content: []types.ContentBlock{&types.ContentBlockMemberText{Value: call.User}}}},
		InferenceConfig: &types.InferenceConfiguration{MaxTokens: aws.Int32(int32(limit))},
		RequestMetadata: map[string]string{"environment": c.environment, "task": call.Task, "tenant": events.ID("tenant", call.Tenant)},
	}
	if call.CacheSystem {
		in.System = append(in.System, &types.SystemContentBlockMemberCachePoint{Value: types.CachePointBlock{Type: types.CachePointTypeDefault}})
	}
	if (call.Lane == task.Priority || call.Lane == task.Flex) && model.Has(call.Lane) {
		in.ServiceTier = &types.ServiceTier{Type: types.ServiceTierType(call.Lane)}
	}
	if call.Temperature != nil && model.Temperature {
		in.InferenceConfig.Temperature = aws.Float32(float32(*call.Temperature))
	}
	if len(model.Request) > 0 {
		fields, err := documentOf(model.Request)
		if err != nil {
			return nil, fmt.Errorf("request fields of %s: %w", model.ID, err)
		}
		in.AdditionalModelRequestFields = fields
	}
	if model.Schema == Tool {
		return in, withTool(in, call.Schema)
	}
	in.OutputConfig = &types.OutputConfig{TextFormat: &types.OutputFormat{
		Type: types.OutputFormatTypeJsonSchema,
		Structure: &types.OutputFormatStructureMemberJsonSchema{Value: types.JsonSchemaDefinition{
			Name: aws.String(schemaName), Schema: aws.String(string(call.Schema)),
		}},
	}}
	return in, nil
}

// withTool makes the answer the input of a tool that the model has to use.
func withTool(in *bedrockruntime.ConverseInput, schema json.RawMessage) error {
	shape, err := documentOf(schema)
	if err != nil {
		return fmt.Errorf("schema of the answer: %w", err)
	}
	in.ToolConfig = &types.ToolConfiguration{
		Tools: []types.Tool{&types.ToolMemberToolSpec{Value: types.ToolSpecification{
			Name: aws.String(schemaName), Description: aws.String("Takes the answers to all records."),
			InputSchema: &types.ToolInputSchemaMemberJson{Value: shape},
		}}},
		ToolChoice: &types.ToolChoiceMemberTool{Value: types.SpecificToolChoice{Name: aws.String(schemaName)}},
	}
	return nil
}

func documentOf(raw json.RawMessage) (document.Interface, error) {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return nil, fault.As(fault.Park, err)
	}
	return document.NewLazyDocument(value), nil
}
