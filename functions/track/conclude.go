package track

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/events"
	"sluice/internal/fault"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// quiet is how long nothing may have changed before files that were said are put
// together again: a redrive brings its records one after another.
const quiet = time.Minute

const (
	// leastStep and mostStep bound how long UploadReceived waits before it looks
	// again whether the upload is over or its deadline has come.
	leastStep = 30 * time.Second
	mostStep  = 11 * time.Hour
	// steps is the part of the time left that it waits: near the deadline it looks
	// more often, and it is received far fewer times than its queue allows.
	steps = 20
)

// errGoesOn: the upload is not over. Nothing failed.
var errGoesOn = errors.New("the upload goes on")

// conclude reports an upload that is over. Whatever stops that becomes the error
// of one message, which brings it back: UploadReceived if it is in the group,
// else the first that is well.
func (h *Handler) conclude(ctx context.Context, id string, group []*heard) {
	carrier := carrierOf(group)
	if carrier == nil {
		return
	}
	carrier.err = fault.Guard(func() error {
		p, err := requests.LoadProgress(ctx, h.store, id)
		if err != nil {
			return err
		}
		wait, err := h.report(ctx, p)
		switch {
		case err != nil:
			return fmt.Errorf("report upload %s: %w", id, err)
		case wait == 0 || carrier.Type() != (events.UploadReceived{}).Type() && p.Done == nil:
			return nil // UploadReceived waits for the end, so this message need not
		}
		return fault.DeferFor(wait, errGoesOn)
	})
}

func carrierOf(group []*heard) *heard {
	var carrier *heard
	for _, one := range group {
		if one.err != nil {
			continue
		}
		if one.Type() == (events.UploadReceived{}).Type() {
			return one
		}
		if carrier == nil {
			carrier = one
		}
	}
	return carrier
}

// report does what is due: it puts the files together, marks that, and says
// UploadCompleted. It returns how long to wait before looking again; 0 is never.
func (h *Handler) report(ctx context.Context, p requests.Progress) (time.Duration, error) {
	for {
		wait, due := h.due(p)
		if !due {
			return wait, nil
		}
		done, err := h.assemble(ctx, &p)
		if err != nil {
			return 0, err
		}
		marked, err := h.mark(ctx, p, done)
		if err != nil {
			return 0, err
		}
		if marked.Revision != p.Revision {
			// Something was heard in the meantime, and somebody else may have put the
			// files together after that and before us: do it again.
			p = marked
			continue
		}
		return 0, h.say(ctx, marked)
	}
}

// due tells whether the files are to be put together now, or when to look again.
func (h *Handler) due(p requests.Progress) (wait time.Duration, due bool) {
	level, now := p.Level(), h.now()
	if level == requests.Unsaid {
		return 0, false
	}
	left := p.Received.Deadline.Sub(now)
	said := requests.Unsaid
	if p.Done != nil {
		said = p.Done.Said
	}
	switch {
	case level > requests.Overdue && level > said, level == requests.Overdue && said == requests.Unsaid && left <= 0:
		return 0, true
	case said == requests.Unsaid:
		return min(max(left/steps, leastStep), mostStep, max(left, time.Second)), false
	case p.Done.Revision == p.Revision:
		return 0, false
	}
	if rest := quiet - now.Sub(p.Revised); rest > 0 {
		return rest, false
	}
	return 0, true
}

// mark notes what was put together, unless something newer was.
func (h *Handler) mark(ctx context.Context, shown requests.Progress, done requests.Done) (requests.Progress, error) {
	return requests.UpdateProgress(ctx, h.store, shown.UploadID, func(p *requests.Progress) bool {
		if p.Done == nil {
			p.Done = &done
			return true
		}
		if p.Done.Revision >= done.Revision {
			return false
		}
		p.Done.Revision, p.Done.Results, p.Done.Report = done.Revision, done.Results, done.Report
		return true
	})
}

// say says UploadCompleted if the upload has reached a level that was not said.
// Its id follows from the upload and the level, so that saying it again after a
// crash says the same.
func (h *Handler) say(ctx context.Context, p requests.Progress) error {
	level := p.Level()
	if level <= p.Done.Said {
		return nil
	}
	counts := p.Counts()
	e, err := events.New(events.Envelope{
		ID:      events.ID("UploadCompleted", p.Tenant, p.UploadID, fmt.Sprint(level)),
		Subject: p.UploadID, RequestID: p.UploadID, Tenant: p.Tenant, CorrelationID: p.CorrelationID, CausationID: p.Cause, Hop: p.Hop + 1,
		Request: events.Request{Task: p.Task, Upload: &events.UploadRecord{ID: p.UploadID}, Submitted: p.Submitted},
	}, h.now(), events.UploadCompleted{
		File: p.Received.File, Records: counts.Records, Completed: counts.Completed, Rejected: counts.Rejected, Failed: counts.Failed,
		Parked: counts.Parked, Missing: counts.Missing, MissingRecords: p.Missing(maxMissing), Reused: p.Reused, Usage: p.Usage,
		CostUSD: p.CostUSD, Reasons: p.ReasonCounts(), Results: p.Done.Results, Report: p.Done.Report, WantsReport: p.Received.WantsReport,
	})
	if err != nil {
		return fault.As(fault.Park, err)
	}
	if err := h.bus.Publish(ctx, e); err != nil {
		return err
	}
	h.log.InfoContext(ctx, "upload reported", "upload", p.UploadID, "reached", int(level), "records", counts.Records,
		"completed", counts.Completed, "rejected", counts.Rejected, "failed", counts.Failed, "parked", counts.Parked, "missing", counts.Missing)
	_, err = requests.UpdateProgress(ctx, h.store, p.UploadID, func(p *requests.Progress) bool {
		if p.Done == nil || p.Done.Said >= level {
			return false
		}
		p.Done.Said = level
		return true
	})
	return err
}

// maxMissing is how many missing records UploadCompleted names.
const maxMissing = 100

// assemble writes the results file and the report of what p says.
func (h *Handler) assemble(ctx context.Context, p *requests.Progress) (requests.Done, error) {
	folder := "reports/" + p.Tenant + "/" + p.UploadID + "/"
	done := requests.Done{Revision: p.Revision, At: h.now().UTC(), Results: folder + "results.csv", Report: folder + "report.html"}
	a, err := h.gather(ctx, p)
	if err != nil {
		return done, err
	}
	defer a.close()
	page, err := a.writeResults(ctx, done)
	if err != nil {
		return done, err
	}
	if _, err := h.store.Put(ctx, done.Report, objects.HTML, page); err != nil {
		return done, fmt.Errorf("write the report: %w", err)
	}
	return done, nil
}
