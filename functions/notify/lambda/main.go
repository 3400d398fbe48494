// Command notify is the Lambda function of package notify.
package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/notify"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, notify.Name)
	config, err := notify.LoadConfig()
	exitIf(log, err)
	aws, err := awsclient.Config(awsclient.Options{})
	exitIf(log, err)
	handler, err := notify.New(config, objects.New(s3.NewFromConfig(aws), config.Bucket),
		sesv2.NewFromConfig(aws, notify.OneAttempt), bus.New(eventbridge.NewFromConfig(aws), config.Bus, notify.Name), time.Now)
	exitIf(log, err)
	lambda.Start(consume.Each(consume.Options{Function: notify.Name, Log: log, Queues: sqs.NewFromConfig(aws), Defers: true}, handler.Handle))
}

func exitIf(log *slog.Logger, err error) {
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
}
