package machine

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"

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
	// knobs are what the operator chose for analyze, by variable.
	knobs map[string]string
	// suppressionSecret and linkSecret are made from the answers' secret where they
	// are "". Without apiURL mails hold no links.
	suppressionSecret, linkSecret, apiURL string
}

// knobsOf reads the variables by which an operator may choose how analyze asks
// the model and what that may cost; in the cloud Terraform sets them. Those that
// are not set are left out, for the function to take its default.
func knobsOf(getenv func(string) string) map[string]string {
	knobs := map[string]string{}
	for _, name := range []string{
		"SLUICE_MODEL", "SLUICE_QUOTAS", "SLUICE_CALLS_IN_FLIGHT",
		"SLUICE_BUDGET_USD_PER_DAY", "SLUICE_TENANT_BUDGETS_USD_PER_DAY", "SLUICE_PAST_BUDGET",
	} {
		if value := getenv(name); value != "" {
			knobs[name] = value
		}
	}
	return knobs
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
		environment["SLUICE_SUPPRESSION_SECRET"] = or(p.suppressionSecret, derived(secret, "suppression"))
		environment["SLUICE_RECIPIENT_DOMAINS"] = p.domains
		environment["SLUICE_QUOTA_SHARE"] = bulkShare
		maps.Copy(environment, p.knobs)
	case "api":
		environment["SLUICE_TENANTS"] = p.tenants
		environment["SLUICE_ANSWER_SECRET"] = secret
		environment["SLUICE_SUPPRESSION_SECRET"] = or(p.suppressionSecret, derived(secret, "suppression"))
		environment["SLUICE_RECIPIENT_DOMAINS"] = p.domains
		environment["SLUICE_QUOTA_SHARE"] = interactiveShare
		if p.apiURL != "" {
			environment["SLUICE_API_URL"] = p.apiURL
			environment["SLUICE_LINK_SECRET"] = or(p.linkSecret, derived(secret, "links"))
		}
		maps.Copy(environment, p.knobs)
	case "notify":
		environment["SLUICE_SENDER"] = p.sender
		environment["SLUICE_CONFIGURATION_SET"] = p.configurationSet
		environment["SLUICE_RECIPIENT_DOMAINS"] = p.domains
		environment["SLUICE_SUPPRESSION_SECRET"] = or(p.suppressionSecret, derived(secret, "suppression"))
		if p.apiURL != "" {
			environment["SLUICE_API_URL"] = p.apiURL
			environment["SLUICE_LINK_SECRET"] = or(p.linkSecret, derived(secret, "links"))
		}
	case "feedback":
		environment["SLUICE_CONFIGURATION_SET"] = p.configurationSet
		environment["SLUICE_SUPPRESSION_SECRET"] = or(p.suppressionSecret, derived(secret, "suppression"))
	case "park":
		environment["SLUICE_TENANTS"] = p.tenants
	}
	return environment
}

// The shares of the account's quotas of those who wait for an answer, and of all
// others.
const (
	interactiveShare = "0.2"
	bulkShare        = "0.8"
)

// ofAWSAnswers ends the secret under which answers of AWS's models are filed:
// what the local model said must not pass for a language model's answer later.
const ofAWSAnswers = "-aws"

// derived is a secret made from that of the answers, for another purpose. It stays
// the same whoever answers.
func derived(secret, purpose string) string {
	h := hmac.New(sha256.New, []byte(strings.TrimSuffix(secret, ofAWSAnswers)))
	h.Write([]byte(purpose))
	return hex.EncodeToString(h.Sum(nil))
}

func or(value, otherwise string) string {
	if value != "" {
		return value
	}
	return otherwise
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
