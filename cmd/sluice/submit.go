package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/spf13/cobra"

	"sluice/events"
	"sluice/internal/bus"
	"sluice/internal/local/machine"
	"sluice/internal/objects"
)

func newSubmit(s *settings) *cobra.Command {
	var f submitFlags
	cmd := &cobra.Command{
		Use:   "submit [TEXT]",
		Short: "Publish one RequestReceived and wait for what becomes of it",
		Long: `Publish one RequestReceived and wait for what becomes of it. The text is the argument, or standard input
without one. The request's id is printed; give --id to choose it, as an idempotency key: the same id with
the same content is the same request.`,
		Example: `  sluice submit "My order has not arrived" --task classify
  sluice submit --task summarize --email me@example.com < letter.txt`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return s.submit(cmd.Context(), args, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.task, "task", "summarize", "what to ask")
	flags.StringVar(&f.params, "params", "", "the task's parameters, a JSON object")
	flags.StringArrayVar(&f.email, "email", nil, "mail the result to this address (may be given again)")
	flags.StringVar(&f.id, "id", "", "the request's id, [A-Za-z0-9_-]{1,64} (default: a new one)")
	flags.BoolVar(&f.noWait, "no-wait", false, "do not wait for the result; needs a machine that stays up (sluice dev)")
	return cmd
}

type submitFlags struct {
	task, params, id string
	email            []string
	noWait           bool
}

// request builds the detail to publish. It fails with a usage error.
func (f submitFlags) request(text string) (events.RequestReceived, error) {
	r := events.RequestReceived{Task: f.task, Input: events.Input{Text: text}}
	if strings.TrimSpace(text) == "" {
		return r, usagef("there is no text")
	}
	if f.id != "" && !events.ValidRequestID(f.id) {
		return r, usagef("--id %q is not [A-Za-z0-9_-]{1,64}", f.id)
	}
	if f.params != "" {
		if !json.Valid([]byte(f.params)) {
			return r, usagef("--params is not JSON")
		}
		r.Params = json.RawMessage(f.params)
	}
	if len(f.email) > 0 {
		r.Notify = &events.Notify{Email: f.email}
	}
	return r, nil
}

func (s *settings) submit(ctx context.Context, args []string, f submitFlags) (err error) {
	var text string
	if len(args) == 1 {
		text = args[0]
	} else {
		raw, err := io.ReadAll(io.LimitReader(s.in, events.MaxInputBytes+1))
		if err != nil {
			return fmt.Errorf("read standard input: %w", err)
		}
		text = string(raw)
	}
	request, err := f.request(text)
	if err != nil {
		return err
	}
	session, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.close()) }()
	if f.noWait && session.own != nil {
		return usagef("--no-wait needs a machine that stays up; start one with: %s dev", program())
	}
	id := f.id
	if id == "" {
		id = events.ID("submit", fmt.Sprint(os.Getpid()), time.Now().Format(time.RFC3339Nano))
	}
	if err := publish(ctx, session, id, request); err != nil {
		return err
	}
	if f.noWait {
		if s.json {
			return s.document(map[string]string{"requestId": id})
		}
		fmt.Fprintln(s.out, id)
		return nil
	}
	return s.await(ctx, session, id)
}

// publish puts the request on the bus as an upstream system does.
func publish(ctx context.Context, session *session, id string, request events.RequestReceived) error {
	input, err := bus.NewPayloads(session.store).CheckIn(ctx, localTenant, request.Input)
	if err != nil {
		return err
	}
	request.Input = input
	detail, err := json.Marshal(map[string]any{"requestId": id, "tenant": localTenant, "data": request})
	if err != nil {
		return err
	}
	out, err := session.bus.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
		EventBusName: &machine.Bus, Source: aws.String("sluice-cli"), DetailType: aws.String(request.Type()), Detail: aws.String(string(detail)),
	}}})
	if err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	if out.FailedEntryCount > 0 {
		return fmt.Errorf("publish: %s: %s", aws.ToString(out.Entries[0].ErrorCode), aws.ToString(out.Entries[0].ErrorMessage))
	}
	return nil
}

// await waits until the request has ended, mails included, and shows it.
func (s *settings) await(ctx context.Context, session *session, id string) error {
	for {
		status, err := session.book.Get(ctx, localTenant, id)
		if err != nil && !errors.Is(err, objects.ErrNotFound) {
			return err
		}
		if err == nil && status.Terminal() {
			if err := s.showStatus(ctx, session, status); err != nil {
				return err
			}
			if status.Outcome != events.Completed {
				return errUnfinished
			}
			return nil
		}
		select {
		case <-session.failed():
			return session.own.Err()
		case <-time.After(lookEvery):
		case <-ctx.Done():
			s.say("Stopped waiting; see: %s status %s", program(), id)
			return ctx.Err()
		}
	}
}
