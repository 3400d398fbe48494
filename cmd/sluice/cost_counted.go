package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"sluice/events"
	"sluice/internal/awsclient"
	"sluice/internal/fault"
)

// counted is what the model's own side counted under one name.
type counted struct {
	// model is the id that was asked, or that of a profile.
	model string
	// profile is the name of an application inference profile, "" if it is none.
	profile string
	usage   events.Usage
}

// The names of the metrics of tokens in the namespace AWS/Bedrock, and what each
// counts. Those of the prompt cache go by two names.
// https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-runtime-metrics.html
var tokenMetrics = map[string]func(*events.Usage) *int{
	"InputTokenCount":           func(u *events.Usage) *int { return &u.Input },
	"OutputTokenCount":          func(u *events.Usage) *int { return &u.Output },
	"CacheReadInputTokenCount":  func(u *events.Usage) *int { return &u.CacheRead },
	"CacheReadInputTokens":      func(u *events.Usage) *int { return &u.CacheRead },
	"CacheWriteInputTokenCount": func(u *events.Usage) *int { return &u.CacheWrite },
	"CacheWriteInputTokens":     func(u *events.Usage) *int { return &u.CacheWrite },
}

const bedrockMetrics = "AWS/Bedrock"

// metricPeriod is the shortest period, in seconds, whose data CloudWatch still has of
// so long ago; data of a minute is not needed.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func metricPeriod(age time.Duration) int32 {
	if age <= 63*24*time.Hour {
		return 300
	}
	return 3600
}

// bedrockCounts are the tokens that Amazon Bedrock counted in the account and Region,
// by what was asked. Since is at the beginning of a period.
func bedrockCounts(ctx context.Context, config aws.Config, since, now time.Time) ([]counted, error) {
	client := cloudwatch.NewFromConfig(config)
	queries, models, err := tokenQueries(ctx, client, metricPeriod(now.Sub(since)))
	if err != nil {
		return nil, err
	}
	sums := map[series]int{}
	for chunk := range slices.Chunk(queries, mostQueries) {
		pages := cloudwatch.NewGetMetricDataPaginator(client, &cloudwatch.GetMetricDataInput{StartTime: &since, EndTime: &now, MetricDataQueries: chunk})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("read CloudWatch's metrics: %w", err)
			}
			for _, r := range page.MetricDataResults {
				for _, value := range r.Values {
					sums[models[aws.ToString(r.Id)]] += int(value)
				}
			}
		}
	}
	var all []counted
	for model, u := range usages(sums) {
		all = append(all, counted{model: model, usage: *u})
	}
	slices.SortFunc(all, func(a, b counted) int { return strings.Compare(a.model, b.model) })
	return nameProfiles(ctx, config, all)
}

// mostQueries is how many metrics are asked for at once.
const mostQueries = 500

// series is one metric of one model.
type series struct{ model, metric string }

// tokenQueries asks for every metric of tokens that there is, each model's by itself.
func tokenQueries(ctx context.Context, client *cloudwatch.Client, period int32) ([]types.MetricDataQuery, map[string]series, error) {
	var queries []types.MetricDataQuery
	models := map[string]series{}
	pages := cloudwatch.NewListMetricsPaginator(client, &cloudwatch.ListMetricsInput{Namespace: aws.String(bedrockMetrics)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, fmt.Errorf("list CloudWatch's metrics: %w", err)
		}
		for _, m := range page.Metrics {
			if _, known := tokenMetrics[aws.ToString(m.MetricName)]; !known || len(m.Dimensions) != 1 || aws.ToString(m.Dimensions[0].Name) != "ModelId" {
				continue // others split the same tokens once more
			}
			id := "m" + strconv.Itoa(len(queries))
			models[id] = series{aws.ToString(m.Dimensions[0].Value), aws.ToString(m.MetricName)}
			queries = append(queries, types.MetricDataQuery{Id: &id, MetricStat: &types.MetricStat{Metric: &m, Period: &period, Stat: aws.String("Sum")}})
		}
	}
	return queries, models, nil
}

// usages are the tokens of each model. Two names of one count are the same tokens, not
// more of them.
func usages(sums map[series]int) map[string]*events.Usage {
	usage := map[string]*events.Usage{}
	for of, sum := range sums {
		count, known := tokenMetrics[of.metric]
		if !known {
			continue
		}
		if usage[of.model] == nil {
			usage[of.model] = &events.Usage{}
		}
		one := count(usage[of.model])
		*one = max(*one, sum)
	}
	return usage
}

// applicationProfile is an application inference profile: its ARN, or the end of it.
var applicationProfile = regexp.MustCompile(`(?:^|application-inference-profile/)([a-z0-9]{12})$`)

// nameProfiles asks for the names of the application inference profiles, which tell
// whose they are. One that is there no more stays without.
func nameProfiles(ctx context.Context, config aws.Config, all []counted) ([]counted, error) {
	service := awsclient.NewService(config, "Bedrock", "bedrock")
	for i, c := range all {
		id := applicationProfile.FindStringSubmatch(c.model)
		if id == nil {
			continue
		}
		var found struct {
			Name string `json:"inferenceProfileName"`
		}
		err := service.Call(ctx, awsclient.Operation{Name: "GetInferenceProfile", Method: http.MethodGet, Path: "/inference-profiles/" + url.PathEscape(id[1])}, nil, &found)
		if err != nil && fault.Status(err) != http.StatusNotFound {
			return nil, fmt.Errorf("the name of an inference profile: %w", err)
		}
		all[i].profile = found.Name
	}
	return all, nil
}
