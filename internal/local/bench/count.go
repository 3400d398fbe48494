package main

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/machine"
)

// countEvery is how often the events are counted: it is what a time of one event
// may be off.
const countEvery = 100 * time.Millisecond

// sample is how many events of an upload were on the bus at a time, and what CPU
// time the machine and its functions had taken; 0 if that cannot be told.
type sample struct {
	at              time.Time
	received, ended int
	cpu             time.Duration
}

// counter samples a run's events by the machine's door. The first sample is of
// the moment when the machine was up.
type counter struct {
	seen []sample
	stop chan struct{}
	done sync.WaitGroup
}

// count begins to sample what the machine of a data folder does; end ends it.
func count(ctx context.Context, data string, pid int) *counter {
	c := &counter{stop: make(chan struct{})}
	c.done.Go(func() {
		tick := time.NewTicker(countEvery)
		defer tick.Stop()
		var upload string
		var doors *machine.Doors
		all := family{pid: pid}
		for {
			select {
			case <-tick.C:
			case <-c.stop:
				return
			}
			if doors == nil {
				running, up := machine.Find(data)
				if !up || running.PID != pid {
					continue
				}
				doors = machine.NewDoors(running.URL)
				c.seen = append(c.seen, sample{at: time.Now(), cpu: all.cpu()})
			}
			if upload == "" {
				upload = uploadOf(ctx, data)
				continue
			}
			if counts, err := doors.Counts(ctx, upload); err == nil {
				// Rejected on reading, a record has no RequestReceived.
				c.seen = append(c.seen, sample{time.Now(), counts["RequestReceived"] + counts["RequestRejected"],
					counts["Stored"] + counts["AiFailed"] + counts["RequestRejected"] + counts["RequestParked"], all.cpu()})
			}
		}
	})
	return c
}

func (c *counter) end() []sample {
	close(c.stop)
	c.done.Wait()
	return c.seen
}

// uploadOf is the id of the only upload that a machine works on, "" if there is
// none yet.
func uploadOf(ctx context.Context, data string) string {
	running, _ := machine.Find(data)
	listed, err := s3.NewFromConfig(clientOf(running.URL)).ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: aws.String(machine.Bucket), Prefix: aws.String("progress/"), MaxKeys: aws.Int32(1)})
	if err != nil || len(listed.Contents) == 0 {
		return ""
	}
	return strings.Split(*listed.Contents[0].Key, "/")[1]
}
