package erasure

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"time"

	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

// Waiting is how long a message may wait in a queue, the longest that SQS has; the
// choreography's queues all keep theirs so long. A message leaves no trace in the
// bucket until it is read, and needs then what it refers to.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
const Waiting = 14 * day

// inFlight tells what somebody still needs. It may be asked by many at once.
type inFlight struct {
	store *objects.Store
	now   time.Time
	// uploads is what is known of uploads, by id.
	uploads sync.Map
}

// needs tells whether an object as one sees it is in flight:
//
//	requests/, results/, parked/               its request has not ended
//	progress/, results/, reports/, parked/     its upload has not ended, or was not reported
//	uploads/                                   likewise; one that nobody heard of, and a definition, for [Waiting]
//	payloads/, answers/, claims/               for [Waiting]
//	budgets/                                   its day is not over, or yesterday was
func (f *inFlight) needs(ctx context.Context, bucket string, v version) (bool, error) {
	prefix, rest, _ := strings.Cut(v.key, "/")
	parts := strings.Split(rest, "/")
	recent := f.now.Sub(v.modified) < Waiting
	switch prefix {
	case "payloads", "answers", "claims":
		return recent, nil
	case "budgets":
		return f.now.UTC().Add(-day).Format(time.DateOnly) <= strings.TrimSuffix(parts[len(parts)-1], ".json"), nil
	case "uploads":
		if upload.IsDefinition(v.key) {
			return recent, nil
		}
		state, err := f.upload(ctx, upload.ID(bucket, v.key, v.etag))
		return state == under || state == unknown && recent, err
	case "requests":
		return f.request(ctx, v.key)
	case "progress":
		return f.ofUpload(ctx, parts[0])
	case "reports":
		return f.ofUpload(ctx, second(parts))
	case "results":
		if id, is := strings.CutPrefix(second(parts), "upload="); is {
			return f.ofUpload(ctx, id)
		}
		return f.ofRequest(ctx, second(parts), strings.TrimSuffix(parts[len(parts)-1], ".json"))
	case "parked":
		return f.ofRequest(ctx, parts[0], second(parts))
	}
	return false, nil
}

func second(parts []string) string {
	if len(parts) < 2 {
		return ""
	}
	return parts[1]
}

// ofRequest tells whether a request, or the upload that it is a record of, has not
// ended.
func (f *inFlight) ofRequest(ctx context.Context, tenant, id string) (bool, error) {
	if of := uploadForm.FindStringSubmatch(id); of != nil {
		return f.ofUpload(ctx, of[1])
	}
	return f.request(ctx, requests.Key(tenant, id))
}

// request tells whether a status says that its request has not ended.
func (f *inFlight) request(ctx context.Context, key string) (bool, error) {
	var s requests.Status
	is, err := f.read(ctx, key, &s)
	return is && s.RequestID != "" && !s.Terminal(), err
}

// read decodes what lies under the key, if anything does. What is damaged is as if
// it were not there: the functions can do nothing with it either.
func (f *inFlight) read(ctx context.Context, key string, into any) (bool, error) {
	object, err := f.store.Get(ctx, key, 0)
	switch {
	case errors.Is(err, objects.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	}
	return json.Unmarshal(object.Body, into) == nil, nil
}

// stage is how far an upload is.
type stage int

const (
	unknown stage = iota // nothing is written down of it
	under                // it is under way
	over
)

func (f *inFlight) ofUpload(ctx context.Context, id string) (bool, error) {
	state, err := f.upload(ctx, id)
	return state == under, err
}

func (f *inFlight) upload(ctx context.Context, id string) (stage, error) {
	if known, is := f.uploads.Load(id); is {
		return known.(stage), nil
	}
	state, err := f.readUpload(ctx, id)
	if err == nil {
		f.uploads.Store(id, state)
	}
	return state, err
}

func (f *inFlight) readUpload(ctx context.Context, id string) (stage, error) {
	if uploadForm.FindString(id) == "" {
		return unknown, nil
	}
	var intake upload.Intake
	taken, err := f.read(ctx, upload.IntakeKey(id), &intake)
	if err != nil {
		return unknown, err
	}
	var p requests.Progress
	heard, err := f.read(ctx, requests.ProgressKey(id), &p)
	switch {
	case err != nil || !heard && !taken:
		return unknown, err
	case heard && p.Over(taken && intake.WantsReport()):
		return over, nil
	}
	return under, nil
}
