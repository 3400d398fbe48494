package machine

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"sluice/events"
)

// place is an environment: what its resources are called.
type place struct {
	environment, bus, bucket, sender, configurationSet string
	// domains may be mailed; tenants says whom each account speaks for.
	domains, tenants string
}

// here is the place on the local machine.
func here() place {
	return place{
		environment: Environment, bus: Bus, bucket: Bucket, sender: Sender, configurationSet: ConfigurationSet,
		domains: "*", tenants: Account + "=" + events.AnyTenant,
	}
}

// forFunction is what a function is told of the place, as Terraform tells it in
// the cloud: what every function needs, and what only this one does.
func (p place) forFunction(function, secret string) map[string]string {
	environment := map[string]string{
		"SLUICE_ENVIRONMENT": p.environment,
		"SLUICE_BUS":         p.bus,
		"SLUICE_BUCKET":      p.bucket,
	}
	switch function {
	case "analyze":
		environment["SLUICE_TENANTS"] = p.tenants
		environment["SLUICE_ANSWER_SECRET"] = secret
	case "notify":
		environment["SLUICE_SENDER"] = p.sender
		environment["SLUICE_CONFIGURATION_SET"] = p.configurationSet
		environment["SLUICE_RECIPIENT_DOMAINS"] = p.domains
	case "park":
		environment["SLUICE_TENANTS"] = p.tenants
	}
	return environment
}

// queue is where a queue is.
type queue struct{ url, arn string }

// findQueue asks where a queue is. An endpoint may tell an address of its own in
// the URL; clients send to the endpoint all the same.
func findQueue(ctx context.Context, client *sqs.Client, name string) (queue, error) {
	found, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if err != nil {
		return queue{}, fmt.Errorf("queue %s: %w", name, err)
	}
	told, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: found.QueueUrl,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn}})
	if err != nil {
		return queue{}, fmt.Errorf("queue %s: %w", name, err)
	}
	return queue{aws.ToString(found.QueueUrl), told.Attributes[string(types.QueueAttributeNameQueueArn)]}, nil
}
