package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"

	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

const (
	lookEvery = 150 * time.Millisecond
	// mailPatience is how long a run waits for the report mail when all else is
	// done: a mail that was parked must not hold it forever.
	mailPatience = 60 * time.Second
	// lineEvery is how often a line is written where nobody watches a terminal.
	lineEvery = 2 * time.Second
	// stillAfter is how long nothing may move before that is told.
	stillAfter = 20 * time.Second
)

// watch waits until every job has finished, and shows how far they are.
func (s *settings) watch(ctx context.Context, session *session, jobs []*job) error {
	shown := s.newMeter()
	defer shown.end()
	var ended time.Time
	for {
		state, err := look(ctx, session, jobs)
		if err != nil {
			return err
		}
		shown.show(state)
		if shown.stands() {
			s.say("Nothing has moved for %s; what the functions say is in %s", stillAfter, s.logFile())
		}
		switch {
		case state.finished:
			return nil
		case state.stuck != "":
			return fmt.Errorf("the file was set aside, as it could not be read to its end; why is in s3://%s/%s", session.store.Bucket(), state.stuck)
		case !state.ended:
			ended = time.Time{}
		case ended.IsZero():
			ended = time.Now()
		case time.Since(ended) > mailPatience:
			s.say("Every record has ended, but the report mail has not gone out; look at: %s mails", program())
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-session.failed():
			return session.own.Err()
		case <-time.After(lookEvery):
		}
	}
}

// flow counts how many records have come to each place.
type flow struct {
	total                                int // 0 until every file was read
	received, answered, stored, terminal int
	mails                                int
	ended, finished                      bool
	// stuck is where an upload lies whose reading was parked.
	stuck string
}

// look reads where the jobs are.
func look(ctx context.Context, session *session, jobs []*job) (flow, error) {
	f := flow{ended: true, finished: true}
	known := true
	for _, j := range jobs {
		if err := j.load(ctx, session); err != nil {
			return f, err
		}
		c := j.progress.Counts()
		received := max(j.intake.Records, c.Ended())
		f.received += received
		f.total += received
		f.answered += max(j.answered, c.Completed+c.Failed)
		f.stored += c.Completed
		f.terminal += c.Ended()
		for _, r := range j.progress.Mail {
			if r.Outcome == "sent" {
				f.mails++
			}
		}
		known = known && j.intake.Done
		if j.progress.Done == nil && j.progress.Parked != "" {
			f.stuck = j.progress.Parked
		}
		f.ended = f.ended && j.progress.Done != nil && j.progress.Complete()
		f.finished = f.finished && finished(j.progress)
	}
	if !known {
		f.total = 0
	}
	return f, nil
}

func (j *job) load(ctx context.Context, session *session) error {
	intake, _, err := upload.LoadIntake(ctx, session.store, j.id)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return err
	}
	progress, err := requests.LoadProgress(ctx, session.store, j.id)
	if err != nil && !errors.Is(err, objects.ErrNotFound) {
		return err
	}
	counts, err := session.doors.Counts(ctx, j.id)
	if err != nil {
		return err
	}
	j.intake, j.progress, j.answered = intake, progress, counts["AiCompleted"]+counts["AiFailed"]
	return nil
}

// meter shows the flow: a bar on a terminal, a line now and then elsewhere, and
// nothing beside a JSON document.
type meter struct {
	settings *settings
	bar      *progressbar.ProgressBar
	began    time.Time
	first    int // records that had ended when this run began
	last     time.Time
	line     string

	newest flow
	moved  time.Time
	told   bool
}

// stands tells, once, that nothing has moved for a while.
func (m *meter) stands() bool {
	stands := !m.told && time.Since(m.moved) > stillAfter
	m.told = m.told || stands
	return stands
}

func (s *settings) newMeter() *meter { return &meter{settings: s, began: time.Now(), first: -1} }

func (m *meter) show(f flow) {
	if f != m.newest || m.moved.IsZero() {
		m.newest, m.moved, m.told = f, time.Now(), false
	}
	if m.settings.json {
		return
	}
	if m.first < 0 {
		m.first = f.terminal
	}
	line := fmt.Sprintf("received %d → answered %d → stored %d → mailed %d", f.received, f.answered, f.stored, f.mails)
	if m.settings.terminal() {
		m.draw(f, line)
		return
	}
	if line != m.line && (time.Since(m.last) >= lineEvery || f.finished) {
		m.settings.say("%s%s", line, m.pace(f))
		m.line, m.last = line, time.Now()
	}
}

// pace is the rate and the time left, once both can be told.
func (m *meter) pace(f flow) string {
	seconds := time.Since(m.began).Seconds()
	rate := float64(f.terminal-m.first) / max(seconds, 0.001)
	if rate <= 0 || f.total == 0 || f.finished {
		return ""
	}
	left := time.Duration(float64(f.total-f.terminal) / rate * float64(time.Second))
	return fmt.Sprintf("   %d of %d, %.0f/s, %s left", f.terminal, f.total, rate, left.Round(time.Second))
}

func (m *meter) draw(f flow, line string) {
	if m.bar == nil {
		if f.total == 0 {
			return
		}
		m.bar = progressbar.NewOptions(f.total,
			progressbar.OptionSetWriter(m.settings.err), progressbar.OptionSetWidth(24), progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("records"), progressbar.OptionSetPredictTime(true), progressbar.OptionThrottle(lookEvery/2),
			progressbar.OptionSetRenderBlankState(true))
	}
	m.bar.Describe(line)
	_ = m.bar.Set(f.terminal)
}

func (m *meter) end() {
	if m.bar != nil {
		_ = m.bar.Exit()
		m.settings.say("")
	}
}
