// Command lambda is the Lambda function of package ingest.
package main

import (
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/ingest"
	"sluice/internal/awsclient"
	"sluice/internal/bus"
	"sluice/internal/consume"
	"sluice/internal/objects"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, ingest.Name)
	config, err := ingest.LoadConfig()
	telemetry.ExitIf(log, err)
	clients, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	store := objects.Connect(clients, config.Bucket)
	h := ingest.New(store, bus.NewPayloads(store), bus.New(eventbridge.NewFromConfig(clients), config.Bus, ingest.Name), log, time.Now)
	lambda.Start(consume.Each(consume.Options{Function: ingest.Name, Log: log, Queues: sqs.NewFromConfig(clients), InFlight: 1, Defers: true}, h.Handle))
}
