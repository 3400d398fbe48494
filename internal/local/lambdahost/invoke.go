package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"sluice/internal/local/service"
)

// attempts bounds how often a call is given to another process because the one
// before it ended without taking it.
const attempts = 3

// startError says why a function does not start.
type startError struct{ why string }

func (e *startError) Error() string { return e.why }

// Invoke calls a function and returns its answer (JSON, as the function wrote
// it). If ctx ends first, its error is returned and the call goes on, as it does
// in Lambda. Other errors: [ErrUnknownFunction], [ErrTooLarge], [ErrThrottled]
// (try again later), [ErrStopped], and *[FunctionError] if the function failed.
func (h *Host) Invoke(ctx context.Context, function string, payload []byte) ([]byte, error) {
	return h.invoke(ctx, function, payload, func(p *pool) error {
		select {
		case p.slots <- struct{}{}:
			return nil
		default:
			return ErrThrottled
		}
	})
}

// InvokeWithin is [Host.Invoke] where there are fewer processes than there would be
// sandboxes in the cloud: a call for which no process is free waits so long for
// one before it is throttled.
func (h *Host) InvokeWithin(ctx context.Context, patience time.Duration, function string, payload []byte) ([]byte, error) {
	return h.invoke(ctx, function, payload, func(p *pool) error {
		waiting, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		select {
		case p.slots <- struct{}{}:
			return nil
		case <-h.polling.Done():
			return ErrStopped
		case <-waiting.Done():
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrThrottled
		}
	})
}

// invoke calls a function once enter has one of its slots.
func (h *Host) invoke(ctx context.Context, function string, payload []byte, enter func(*pool) error) ([]byte, error) {
	p, known := h.pools[function]
	if !known {
		return nil, fmt.Errorf("invoke %q: %w", function, ErrUnknownFunction)
	}
	if len(payload) > maxRequest {
		return nil, fmt.Errorf("invoke %s with %d bytes: %w", function, len(payload), ErrTooLarge)
	}
	if !h.begin() {
		return nil, fmt.Errorf("invoke %s: %w", function, ErrStopped)
	}
	if err := enter(p); err != nil {
		h.calls.Done()
		if errors.Is(err, ErrThrottled) {
			p.numbers.throttle()
		}
		return nil, fmt.Errorf("invoke %s: %w", function, err)
	}
	ended := make(chan outcome, 1)
	go func() {
		defer h.calls.Done()
		answer, err := h.run(p, payload)
		<-p.slots
		ended <- outcome{payload: answer, err: err}
	}()
	select {
	case o := <-ended:
		return o.payload, o.err
	case <-ctx.Done():
		return nil, fmt.Errorf("invoke %s: %w", function, ctx.Err())
	}
}

// mapped is a function as a mapping sees it.
type mapped struct {
	host *Host
	pool *pool
}

// ready returns when a call could begin.
func (m mapped) ready(ctx context.Context) error {
	if err := m.pool.ready(ctx); err != nil {
		return err
	}
	select {
	case m.pool.slots <- struct{}{}:
		<-m.pool.slots
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call calls the function as soon as its concurrency allows. The context counts
// until the call begins; later only the host's end stops it.
func (m mapped) call(ctx context.Context, payload []byte) ([]byte, error) {
	if !m.host.begin() {
		return nil, ErrStopped
	}
	defer m.host.calls.Done()
	select {
	case m.pool.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ErrStopped
	}
	defer func() { <-m.pool.slots }()
	return m.host.run(m.pool, payload)
}

// run gives the call to a process and waits for its outcome. The caller holds
// one of the function's slots.
func (h *Host) run(p *pool, payload []byte) ([]byte, error) {
	c := &call{id: service.NewID(), trace: newTrace(), payload: payload, done: make(chan outcome, 1)}
	o := outcome{err: functionError(p.function.Name, c.id, TypeExit, exitMessage("the process ends before it takes a call"))}
	for range attempts {
		q, err := p.take(h.living)
		if err != nil {
			return nil, h.notStarted(p, c.id, err)
		}
		if !q.give(c) {
			continue
		}
		ended := <-c.done
		if errors.Is(ended.err, errNotBegun) {
			continue
		}
		o = ended
		h.report(p, q, c, o)
		break
	}
	return o.payload, o.err
}

// notStarted is the error of a call for which there was no process.
func (h *Host) notStarted(p *pool, id string, err error) error {
	var failed *startError
	if !errors.As(err, &failed) {
		return ErrStopped
	}
	p.numbers.note(0, 0, 0, err)
	return functionError(p.function.Name, id, TypeExit, exitMessage(failed.why))
}

// launch starts a process and waits until it asks for its first call. The error
// is the context's or a *startError.
func (h *Host) launch(ctx context.Context, p *pool) (*process, error) {
	q := &process{id: newID(), function: p.function, arn: p.function.arn(h.config.Region, h.config.Account), pool: p,
		calls: make(chan *call, 1), ready: make(chan struct{}), gone: make(chan struct{})}
	stream := fmt.Sprintf("%s/[%s]%s", time.Now().UTC().Format("2006/01/02"), version, strings.ToLower(q.id))
	environment := p.function.environment(h.config.Region, h.address+"/i/"+q.id, stream)
	h.registry.add(q)
	var err error
	if q.out, err = newOutlet(h.config.Printed, p.function.Name+"-"+q.id); err == nil {
		err = q.start(h.starter, environment, filepath.Dir(p.function.Bootstrap),
			func(line string) { h.config.Output(p.function.Name, line) }, func() { h.registry.remove(q) })
	}
	if err != nil {
		h.registry.remove(q)
		close(q.gone)
		p.tell(err.Error(), "")
		return nil, &startError{err.Error()}
	}
	patience := time.AfterFunc(h.config.InitTimeout, func() { q.kill(killedInit) })
	defer patience.Stop()
	select {
	case <-q.ready:
		return q, nil
	case <-ctx.Done():
		q.kill(killedStop)
		<-q.gone
		return nil, ctx.Err()
	case <-q.gone:
	}
	why := q.whyNoStart(h.config.InitTimeout)
	h.config.Output(p.function.Name, fmt.Sprintf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: error\tError Type: %s",
		milliseconds(time.Since(q.started)), TypeExit))
	p.tell(why, q.tail.String())
	return nil, &startError{why}
}

// report counts a call and writes its line, which reads as Lambda's does.
func (h *Host) report(p *pool, q *process, c *call, o outcome) {
	if errors.Is(o.err, ErrStopped) {
		return
	}
	took, init := time.Since(c.begun), q.takeInit()
	p.numbers.note(took, init, o.peak, o.err)
	var line strings.Builder
	fmt.Fprintf(&line, "REPORT RequestId: %s\tDuration: %.2f ms\tBilled Duration: %.0f ms\tMemory Size: %d MB",
		c.id, milliseconds(took), math.Ceil(milliseconds(took+init)), p.function.Memory)
	if o.peak > 0 {
		fmt.Fprintf(&line, "\tMax Memory Used: %d MB", o.peak)
	}
	if init > 0 {
		fmt.Fprintf(&line, "\tInit Duration: %.2f ms", milliseconds(init))
	}
	var failed *FunctionError
	if errors.As(o.err, &failed) {
		switch failed.Type {
		case TypeTimeout:
			h.config.Output(p.function.Name, fmt.Sprintf("%s %s %s", time.Now().UTC().Format(time.RFC3339), c.id, timedOut(p.function.Timeout)))
			line.WriteString("\tStatus: timeout")
		case TypeExit:
			h.config.Output(p.function.Name, failed.Message)
			line.WriteString("\tStatus: error\tError Type: " + failed.Type)
		default:
			line.WriteString("\tStatus: error\tError Type: " + failed.Type)
		}
	}
	h.config.Output(p.function.Name, line.String())
	if o.peak > p.function.Memory {
		p.log.Warn("function used more than its memory; Lambda would have killed it", "usedMB", o.peak, "memoryMB", p.function.Memory)
	}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
