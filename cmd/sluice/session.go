package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/local/machine"
	"sluice/internal/objects"
	"sluice/internal/requests"
)

// session is a connection to the machine: one that this command started, or one
// that runs already.
type session struct {
	url    string
	config aws.Config
	doors  *machine.Doors
	store  *objects.Store
	s3     *s3.Client
	bus    *eventbridge.Client
	book   *requests.Book
	// own is the machine if this command runs it.
	own *machine.Machine
	// realModel: Amazon Bedrock answers, and what it says is billed.
	realModel bool
}

// connect uses the machine of the data folder if one runs, and starts it if not.
// Two commands that start at the same time end up on one machine.
func (s *settings) connect(ctx context.Context) (*session, error) {
	folder, err := s.folder()
	if err != nil {
		return nil, err
	}
	for {
		if !s.memory {
			if running, found := machine.Find(folder); found && running.Doors().Alive(ctx) {
				return s.open(ctx, running, nil)
			}
		}
		own, err := s.start(ctx, folder)
		if errors.Is(err, machine.ErrRunning) {
			// Another command took the folder a moment ago and is not up yet, or is on
			// its way out.
			if err := pause(ctx, 100*time.Millisecond); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		return s.open(ctx, own.Running(), own)
	}
}

// open is a session with a machine that is up, if that is what the flags ask
// for. A machine of this command's own is closed otherwise.
func (s *settings) open(ctx context.Context, at machine.Running, own *machine.Machine) (*session, error) {
	session := newSession(at, own)
	health, err := session.doors.Health(ctx)
	if err == nil {
		err = s.outside.suits(health)
	}
	if err != nil {
		return nil, errors.Join(err, session.close())
	}
	session.realModel = health.Model == machine.RealModel
	return session, nil
}

// end closes a session and says what is still to be done.
func (s *settings) end(session *session) error {
	err := session.close()
	if session.own != nil && session.own.WaitingMails() > 0 {
		s.say("mails that wait for the mail server: %d; they go out with the next command that has --smtp", session.own.WaitingMails())
	}
	return err
}

// start starts the machine on the wanted port, or on any free one if none was
// asked for and the usual one is taken.
func (s *settings) start(ctx context.Context, folder string) (*machine.Machine, error) {
	functions, err := s.functionsFolder()
	if err != nil {
		return nil, err
	}
	options := machine.Options{
		Folder: folder, Memory: s.memory, Functions: functions, Latency: s.latency, TokensPerMinute: s.tpm, Getenv: os.Getenv, Log: io.Discard,
		Provisioned: s.provisioned,
	}
	if s.verbose {
		options.Log = s.err
	}
	if err := s.outside.apply(ctx, &options); err != nil {
		return nil, err
	}
	if err := s.listening.apply(ctx, &options, s.port); err != nil {
		return nil, err
	}
	return machine.Open(ctx, options)
}

func (s *settings) functionsFolder() (string, error) {
	if s.functions != "" {
		return s.functions, nil
	}
	program, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("where is this program? (name the functions with --functions): %w", err)
	}
	return filepath.Join(filepath.Dir(program), "functions"), nil
}

func newSession(at machine.Running, own *machine.Machine) *session {
	config := clientConfig(at)
	client := s3.NewFromConfig(config)
	store := objects.New(client, machine.Bucket)
	return &session{
		url: at.URL, config: config, doors: at.Doors(), store: store, s3: client, bus: eventbridge.NewFromConfig(config),
		book: requests.New(store), own: own,
	}
}

func clientConfig(at machine.Running) aws.Config {
	return aws.Config{Region: machine.Region, BaseEndpoint: aws.String(at.URL), Credentials: at.Keys.Provider()}
}

// close ends the machine if this command runs it.
func (s *session) close() error {
	if s.own == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return s.own.Close(ctx)
}

// failed is closed when this command's machine can go on no longer.
func (s *session) failed() <-chan struct{} {
	if s.own == nil {
		return nil
	}
	return s.own.Failed()
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
