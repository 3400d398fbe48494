// Command lambda is the Lambda function of package park.
package main

import (
	"math"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/park"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, park.Name)
	config, err := park.LoadConfig()
	telemetry.ExitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler := park.New(config, objects.Connect(aws, config.Bucket),
		bus.New(eventbridge.NewFromConfig(aws), config.Bus, park.Name), log, time.Now)
	lambda.Start(consume.Each(consume.Options{Function: park.Name, Log: log, Queues: sqs.NewFromConfig(aws),
		Anything: true, Defers: true, MaxFailures: math.MaxInt}, handler.Handle))
}
