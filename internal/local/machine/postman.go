package machine

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sluice/internal/local/disk"
	"sluice/internal/local/relay"
	"sluice/internal/local/ses"
)

// postman runs the relay while the machine is up.
type postman struct {
	relay   *relay.Relay
	stop    context.CancelFunc
	ended   chan struct{}
	waiting int
}

// newPostman starts a relay, or answers nil if there is no mail server.
func newPostman(ctx context.Context, outbox *ses.State, store disk.Store, o relay.Options, log *slog.Logger) (*postman, error) {
	if o.Server == "" {
		return nil, nil
	}
	o.Log = log
	r, err := relay.New(ctx, outbox, store, o)
	if err != nil {
		return nil, err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &postman{relay: r, stop: stop, ended: make(chan struct{})}
	go func() {
		defer close(p.ended)
		if err := r.Run(running); !errors.Is(err, context.Canceled) {
			log.Error("mails are relayed no more", "error", err.Error())
		}
	}()
	return p, nil
}

// flushTime is how long the last mails may take when the machine ends.
const flushTime = 10 * time.Second

// end relays what came last and counts what could not be relayed.
func (p *postman) end(ctx context.Context) error {
	p.stop()
	<-p.ended
	ctx, cancel := context.WithTimeout(ctx, flushTime)
	defer cancel()
	var err error
	p.waiting, err = p.relay.Flush(ctx)
	return err
}
