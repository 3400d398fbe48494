// Command park is the Lambda function of package park.
package main

import (
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
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
	exitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	exitIf(log, err)
	handler := park.New(config, objects.New(s3.NewFromConfig(aws), config.Bucket),
		bus.New(eventbridge.NewFromConfig(aws), config.Bus, park.Name), log, time.Now)
	lambda.Start(consume.Each(consume.Options{Function: park.Name, Log: log, Queues: sqs.NewFromConfig(aws),
		Anything: true, Defers: true, MaxFailures: math.MaxInt}, handler.Handle))
}

func exitIf(log *slog.Logger, err error) {
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
}
