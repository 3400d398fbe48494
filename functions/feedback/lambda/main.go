// Command lambda is the Lambda function of package feedback.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/feedback"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, feedback.Name)
	config, err := feedback.LoadConfig()
	telemetry.ExitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler := feedback.New(config, objects.Connect(aws, config.Bucket), sesv2.NewFromConfig(aws),
		bus.New(eventbridge.NewFromConfig(aws), config.Bus, feedback.Name), log, time.Now)
	lambda.Start(consume.All(consume.Options{Function: feedback.Name, Log: log, Queues: sqs.NewFromConfig(aws),
		InFlight: feedback.InFlight}, handler.Handle))
}
