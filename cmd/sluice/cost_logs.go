package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"sluice/events"
	"sluice/internal/ledger"
)

// askers are the functions that ask models, by the choreography: the ledger is in
// their logs.
func askers() ([]string, error) {
	c, err := events.LoadChoreography()
	if err != nil {
		return nil, err
	}
	var all []string
	for _, name := range slices.Sorted(maps.Keys(c.Functions)) {
		if _, asks := c.Functions[name].Calls["bedrock:InvokeModel"]; asks {
			all = append(all, name)
		}
	}
	return all, nil
}

// logs reads the ledger of an environment in AWS.
type logs struct {
	client *cloudwatchlogs.Client
	prefix string // of its log groups
}

func newLogs(at *site) logs {
	return logs{cloudwatchlogs.NewFromConfig(at.config), "/aws/lambda/sluice-" + at.environment + "-"}
}

// read gives each line since then, one log group after the other. The notes say
// what the logs cannot tell.
func (l logs) read(ctx context.Context, since time.Time, each func(ledger.Line) error) (notes []string, err error) {
	kept, err := l.groups(ctx)
	if err != nil {
		return nil, err
	}
	functions, err := askers()
	if err != nil {
		return nil, err
	}
	found := 0
	for _, name := range functions {
		days, is := kept[l.prefix+name]
		if !is {
			continue
		}
		found++
		if oldest := time.Duration(days) * 24 * time.Hour; days > 0 && time.Since(since) > oldest+time.Hour {
			notes = append(notes, fmt.Sprintf("the logs of %s are kept for %d days, so what was before is missing", name, days))
		}
		if err := l.readGroup(ctx, l.prefix+name, since, each); err != nil {
			return nil, err
		}
	}
	if found == 0 {
		return nil, fmt.Errorf("there are no log groups %s… in this account and Region: is the environment another one?", l.prefix)
	}
	return notes, nil
}

// groups are the environment's log groups and how many days each is kept; 0 is for
// ever.
func (l logs) groups(ctx context.Context) (map[string]int32, error) {
	all := map[string]int32{}
	pages := cloudwatchlogs.NewDescribeLogGroupsPaginator(l.client, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &l.prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list log groups: %w", err)
		}
		for _, g := range page.LogGroups {
			all[aws.ToString(g.LogGroupName)] = aws.ToInt32(g.RetentionInDays)
		}
	}
	return all, nil
}

// ledgerLines are the lines of a log that are the ledger's.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
const ledgerLines = `{ $.ledger = "*" }`

func (l logs) readGroup(ctx context.Context, group string, since time.Time, each func(ledger.Line) error) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, StartTime: aws.Int64(since.UnixMilli()), FilterPattern: aws.String(ledgerLines)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read the logs of %s: %w", strings.TrimPrefix(group, "/aws/lambda/"), err)
		}
		for _, e := range page.Events {
			line, is := ledger.Parse([]byte(aws.ToString(e.Message)))
			if !is {
				continue
			}
			if err := each(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// both gives a line to two sums.
func both(a, b *ledger.Sum) func(ledger.Line) error {
	return func(l ledger.Line) error { return errors.Join(a.Add(l), b.Add(l)) }
}
