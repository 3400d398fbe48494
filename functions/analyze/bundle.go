package analyze

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sluice/internal/answers/kept"
	"sluice/internal/fault"
	"sluice/internal/objects"
)

// bundleWait is how long an answer waits for others to be read with it. store
// gathers its messages for longer than that.
const bundleWait = 500 * time.Millisecond

// bundles gathers what an invocation answers of uploads: store would have to read
// every answer by itself, for it hears only where it lies. An answer waits while
// others may join it. Where that fails, or too few come, nothing is lost but the
// saving.
type bundles struct {
	ctx   context.Context //nolint:containedctx // a bundle is about many records: it is written while the invocation lasts
	store *objects.Store
	log   *slog.Logger

	mu sync.Mutex
	// coming is how many messages may still bring an answer.
	coming int
	open   *bundle
}

// bundle is the answers that go into one object.
type bundle struct {
	told  []kept.Told
	bytes int
	timer *time.Timer
	// done is closed when it is written, or is not to be; key is "" then.
	done chan struct{}
	key  string
}

func newBundles(ctx context.Context, store *objects.Store, log *slog.Logger, messages int) *bundles {
	return &bundles{ctx: ctx, store: store, log: log, coming: messages}
}

// place is one message's place among those that may bring an answer.
type place struct {
	of   *bundles
	once sync.Once
}

func (b *bundles) place() *place { return &place{of: b} }

// leave tells that the message brings no answer. More than once, or after add, it
// is nothing.
func (p *place) leave() {
	p.once.Do(func() {
		p.of.mu.Lock()
		defer p.of.mu.Unlock()
		p.of.less()
	})
}

// add puts the message's answer with others, and returns the key of the object that
// they lie in, "" if it lies in none.
func (p *place) add(t kept.Told) string {
	if len(t.Answer) > kept.BundleBytes {
		return ""
	}
	var in *bundle
	p.once.Do(func() { in = p.of.join(t) })
	if in == nil {
		return ""
	}
	select {
	case <-in.done:
		return in.key
	case <-p.of.ctx.Done():
		return ""
	}
}

// join puts an answer into the bundle that is open; nil if it could not become
// large enough to be worth it.
func (b *bundles) join(t kept.Told) *bundle {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.less()
	if b.few() {
		return nil
	}
	if b.open != nil && b.open.bytes+len(t.Answer) > kept.BundleBytes {
		b.close(b.open)
	}
	in := b.open
	if in == nil {
		in = &bundle{done: make(chan struct{})}
		in.timer = time.AfterFunc(bundleWait, func() {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.close(in)
		})
		b.open = in
	}
	in.told, in.bytes = append(in.told, t), in.bytes+len(t.Answer)
	if len(in.told) == kept.MostBundle {
		b.close(in)
	}
	return in
}

// few tells that even with all that may come a bundle would be too small. It is
// called with b locked, as less and close are.
func (b *bundles) few() bool {
	most := b.coming
	if b.open != nil {
		most += len(b.open.told)
	}
	return most < kept.LeastBundle
}

// less tells that one message fewer may come. Nobody waits for what cannot come.
func (b *bundles) less() {
	b.coming--
	if b.open != nil && (b.coming == 0 || b.few()) {
		b.close(b.open)
	}
}

// close has a bundle written that is still open.
func (b *bundles) close(in *bundle) {
	if b.open != in {
		return
	}
	b.open = nil
	in.timer.Stop()
	go b.save(in)
}

func (b *bundles) save(in *bundle) {
	defer close(in.done)
	if len(in.told) < kept.LeastBundle {
		return
	}
	err := fault.Guard(func() (err error) { in.key, err = kept.SaveBundle(b.ctx, b.store, in.told); return err })
	if err != nil {
		in.key = ""
		b.log.WarnContext(b.ctx, "answers were not written together; each is read by itself", "answers", len(in.told), "error", err.Error())
	}
}
