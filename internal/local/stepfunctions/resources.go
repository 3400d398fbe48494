package stepfunctions

import (
	"context"
	"encoding/json"
	"fmt"
)

// Resources is what tasks ask. An error is a *Failure, whose name a workflow
// retries or catches; any other one is States.TaskFailed.
type Resources interface {
	// Invoke calls a function by its ARN with a payload of JSON, and returns its
	// answer. What the function itself answers as an error has its type as the name.
	Invoke(ctx context.Context, function string, payload []byte) ([]byte, error)
	// Send puts a message into a queue, by its URL. The attributes are of type String.
	Send(ctx context.Context, queueURL, body string, attributes map[string]string) error
}

// action is what a resource of a task means.
type action struct {
	do func(context.Context, Resources, any) (any, error)
	// byToken: who got the message answers for it.
	byToken bool
}

// actions are the resources that are known.
var actions = map[string]action{
	"arn:aws:states:::lambda:invoke":                    {do: invoke},
	"arn:aws:states:::sqs:sendMessage":                  {do: send},
	"arn:aws:states:::sqs:sendMessage.waitForTaskToken": {do: send, byToken: true},
}

func invoke(ctx context.Context, r Resources, parameters any) (any, error) {
	var in struct {
		FunctionName string
		Payload      json.RawMessage
	}
	if err := read(parameters, &in); err != nil {
		return nil, err
	}
	answer, err := r.Invoke(ctx, in.FunctionName, in.Payload)
	if err != nil {
		return nil, err
	}
	return map[string]any{"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": decode(answer)}, nil
}

func send(ctx context.Context, r Resources, parameters any) (any, error) {
	var in struct {
		QueueUrl          string //nolint:revive // as the service writes it
		MessageBody       json.RawMessage
		MessageAttributes map[string]struct{ DataType, StringValue string }
	}
	if err := read(parameters, &in); err != nil {
		return nil, err
	}
	body := string(in.MessageBody)
	var text string
	if json.Unmarshal(in.MessageBody, &text) == nil {
		body = text
	}
	attributes := map[string]string{}
	for name, value := range in.MessageAttributes {
		attributes[name] = value.StringValue
	}
	return map[string]any{}, r.Send(ctx, in.QueueUrl, body, attributes)
}

// read makes parameters of what a template gave.
func read(parameters, into any) error {
	raw, err := json.Marshal(parameters)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return &Failure{runtimeError, fmt.Sprintf("the parameters: %v", err)}
	}
	return nil
}
