package ses

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	sdk "github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/smithy-go"

	"sluice/internal/local/disk"
)

const (
	sender = "sluice@example.com"
	reader = "minh@example.org"
)

// published is a Publisher that remembers.
type published struct {
	mu     sync.Mutex
	events []Event
	err    error
}

func (p *published) Publish(_ context.Context, events []Event) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, events...)
	return p.err
}

// take returns the detail-types and details so far, and forgets them.
func (p *published) take(t testing.TB) (types []string, details []record) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.events {
		var r record
		if err := json.Unmarshal(e.Detail, &r); err != nil {
			t.Fatal(err)
		}
		types, details = append(types, e.DetailType), append(details, r)
	}
	p.events = nil
	return types, details
}

// newState has a verified sender and a configuration set "all" that publishes
// everything.
func newState(t testing.TB) (*State, *published) {
	t.Helper()
	store := disk.Memory()
	t.Cleanup(func() { store.Close() })
	p := &published{}
	s, err := New(store, p, Config{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureIdentity(t.Context(), sender); err != nil {
		t.Fatal(err)
	}
	if err := s.EnsureSet(t.Context(), "all"); err != nil {
		t.Fatal(err)
	}
	return s, p
}

func client(t testing.TB, s *State) *sdk.Client {
	t.Helper()
	server := httptest.NewServer(Handler(s))
	t.Cleanup(server.Close)
	return sdk.New(sdk.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""),
	})
}

func code(err error) string {
	var wire smithy.APIError
	if errors.As(err, &wire) {
		return wire.ErrorCode()
	}
	var told *Error
	if errors.As(err, &told) {
		return told.Code
	}
	return ""
}

func simple(to string) Request {
	return Request{From: sender, To: []string{to}, ConfigurationSet: "all", Simple: &Simple{Subject: "s", Text: "t"}}
}

func mustSend(t testing.TB, s *State, r Request) *Mail {
	t.Helper()
	id, err := s.SendEmail(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	m, err := s.Mail(id)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
