package main

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"sluice/events"
	"sluice/internal/ledger"
	"sluice/internal/local/machine"
)

// costHere reads the data folder, and asks the machine what its model counted.
func (w *where) costHere(ctx context.Context, now time.Time, a *account) error {
	folder, err := w.folder()
	if err != nil {
		return err
	}
	counts, c, since, note := w.countedHere(ctx, folder, now, a.Since)
	sum, models := ledger.NewSum(a.By, a.Since), ledger.NewSum(ledger.ByModel, since)
	if err := ledger.ReadFolder(folder, a.Since, both(sum, models)); err != nil {
		return err
	}
	a.Total, a.Groups = sum.Result(now)
	if note != "" {
		a.Notes = append(a.Notes, note)
		return nil
	}
	return a.compare(c, since, now, models, counts)
}

// compare adds what the other side counted.
func (a *account) compare(c counting, since, now time.Time, models *ledger.Sum, counts []counted) error {
	_, ours := models.Result(now)
	if len(ours)+len(counts) == 0 {
		return nil
	}
	checked, err := reconcile(c, since, ours, counts)
	if err != nil {
		return err
	}
	a.Check = &checked
	return nil
}

// countedHere asks the machine of the folder, if one runs: its own model, or Amazon
// Bedrock if that answers. The note says why nobody counted.
func (w *where) countedHere(ctx context.Context, folder string, now, from time.Time) (all []counted, c counting, since time.Time, note string) {
	running, found := machine.Find(folder)
	if w.memory || !found {
		return nil, c, from, "not compared: no machine is up, and what its model counted is gone with it"
	}
	doors := running.Doors()
	health, err := doors.Health(ctx)
	if err != nil {
		return nil, c, from, "not compared: no machine is up, and what its model counted is gone with it"
	}
	if health.Model == machine.RealModel {
		since, c = onPeriod(from, now), ofCloudWatch("")
		clients, err := config.LoadDefaultConfig(ctx, config.WithRegion(health.ModelRegion))
		if err == nil {
			all, err = bedrockCounts(ctx, clients, since, now)
		}
		return all, c, since, unlessDone(err)
	}
	models, err := doors.Models(ctx)
	for model, n := range models {
		all = append(all, counted{model: model, usage: events.Usage{Input: int(n.InputTokens), Output: int(n.OutputTokens), CacheRead: int(n.CacheReadTokens), CacheWrite: int(n.CacheWriteTokens)}})
	}
	since = from
	if health.Started.After(from) {
		since = health.Started
	}
	return all, counting{by: "the local model"}, since, unlessDone(err)
}

func unlessDone(err error) string {
	if err == nil {
		return ""
	}
	return fmt.Sprintf("not compared: %v", err)
}

// onPeriod is the beginning of CloudWatch's period.
func onPeriod(since, now time.Time) time.Time {
	return since.UTC().Truncate(time.Duration(metricPeriod(now.Sub(since))) * time.Second)
}

// ofCloudWatch are the metrics of an account and Region.
func ofCloudWatch(environment string) counting {
	return counting{by: "CloudWatch", environment: environment, late: "CloudWatch tells of the last minutes later"}
}

// costInAWS reads the environment's logs, and CloudWatch's metrics.
func (w *where) costInAWS(ctx context.Context, now time.Time, a *account) error {
	return w.at(ctx, func(ctx context.Context, at *site) error {
		a.Since = onPeriod(a.Since, now) // so that both have the same beginning
		sum, models := ledger.NewSum(a.By, a.Since), ledger.NewSum(ledger.ByModel, a.Since)
		var err error
		if a.Notes, err = newLogs(at).read(ctx, a.Since, both(sum, models)); err != nil {
			return err
		}
		a.Total, a.Groups = sum.Result(now)
		counts, err := bedrockCounts(ctx, at.config, a.Since, now)
		if note := unlessDone(err); note != "" {
			a.Notes = append(a.Notes, note)
			return nil // the ledger is what was asked for
		}
		return a.compare(ofCloudWatch(at.environment), a.Since, now, models, counts)
	})
}
