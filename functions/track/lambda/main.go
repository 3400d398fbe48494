// Command lambda is the Lambda function of package track.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/track"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, track.Name)
	config, err := track.LoadConfig()
	telemetry.ExitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler := track.New(objects.Connect(aws, config.Bucket),
		bus.New(eventbridge.NewFromConfig(aws), config.Bus, track.Name), log, time.Now, os.TempDir())
	lambda.Start(consume.All(consume.Options{Function: track.Name, Log: log, Queues: sqs.NewFromConfig(aws),
		MaxFailures: track.MaxFailures, Defers: true}, handler.Handle))
}
