// Command lambda is the Lambda function of package analyze.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/analyze"
	"sluice/internal/awsclient"
	"sluice/internal/consume"
	"sluice/internal/telemetry"
	"sluice/internal/workflow"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, analyze.Name)
	config, err := analyze.LoadConfig()
	telemetry.ExitIf(log, err)
	clients, err := awsclient.Config(awsclient.Options{Connections: max(config.CallsInFlight, 64)})
	telemetry.ExitIf(log, err)
	handler, err := analyze.Connect(config, clients, log)
	telemetry.ExitIf(log, err)
	options := consume.Options{Function: analyze.Name, Log: log, Queues: sqs.NewFromConfig(clients), Tasks: workflow.New(clients), Defers: true}
	lambda.Start(consume.Serve(options, consume.All(options, handler.Handle), handler.Steps()))
}
