// Command lambda is analyze as a Lambda function.
package main

import (
	"log/slog"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/functions/analyze"
	"sluice/internal/awsclient"
	"sluice/internal/consume"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, analyze.Name)
	config, err := analyze.LoadConfig()
	exitOn(log, err)
	clients, err := awsclient.Config(awsclient.Options{Connections: config.CallsInFlight})
	exitOn(log, err)
	handler, err := analyze.Connect(config, clients, log)
	exitOn(log, err)
	options := consume.Options{Function: analyze.Name, Log: log, Queues: sqs.NewFromConfig(clients), InFlight: config.CallsInFlight, Defers: true}
	lambda.Start(consume.Each(options, handler.Handle))
}

func exitOn(log *slog.Logger, err error) {
	if err != nil {
		log.Error("cannot start", "error", err.Error())
		os.Exit(1)
	}
}
