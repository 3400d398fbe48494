// Command lambda is the Lambda function of package notify.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/notify"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
	"sluice/internal/workflow"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, notify.Name)
	config, err := notify.LoadConfig()
	telemetry.ExitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler, err := notify.New(config, objects.Connect(aws, config.Bucket),
		sesv2.NewFromConfig(aws, notify.OneAttempt), bus.New(eventbridge.NewFromConfig(aws), config.Bus, notify.Name), time.Now)
	telemetry.ExitIf(log, err)
	lambda.Start(consume.Each(consume.Options{Function: notify.Name, Log: log, Queues: sqs.NewFromConfig(aws), Tasks: workflow.New(aws), Defers: true}, handler.Handle))
}
