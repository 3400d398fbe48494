// Command lambda is the Lambda function of package api.
package main

import (
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"sluice/functions/api"
	"sluice/internal/awsclient"
	"sluice/internal/telemetry"
)

func main() {
	log := telemetry.NewLogger(os.Stdout, api.Name)
	config, err := api.LoadConfig()
	telemetry.ExitIf(log, err)
	clients, err := awsclient.Config(awsclient.Options{})
	telemetry.ExitIf(log, err)
	handler, err := api.Connect(config, clients, log)
	telemetry.ExitIf(log, err)
	lambda.Start(handler.Handle)
}
