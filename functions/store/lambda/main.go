// Command lambda is the Lambda function of package store.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/store"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
	"sluice/internal/workflow"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, store.Name)
	config, err := store.LoadConfig()
	telemetry.ExitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler := store.New(objects.Connect(aws, config.Bucket),
		bus.New(eventbridge.NewFromConfig(aws), config.Bus, store.Name), time.Now)
	lambda.Start(consume.All(consume.Options{Function: store.Name, Log: log, Queues: sqs.NewFromConfig(aws), Tasks: workflow.New(aws)}, handler.Handle))
}
