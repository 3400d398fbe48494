package objects_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/fault"
	"sluice/internal/objects"
)

// service is an S3 that gives one answer, over HTTP.
type service struct {
	config aws.Config

	mu    sync.Mutex
	asked []string        // method and path of each request
	from  map[string]bool // the connections that they came by
}

func newService(t testing.TB, status int, code string) *service {
	t.Helper()
	s := &service{from: map[string]bool{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked, s.from[r.RemoteAddr] = append(s.asked, r.Method+" "+r.URL.Path), true
		s.mu.Unlock()
		w.Header().Set("X-Amz-Request-Id", "id-1")
		w.WriteHeader(status)
		if code != "" {
			_, _ = io.WriteString(w, "<Error><Code>"+code+"</Code><Message>What is wrong.</Message></Error>")
		}
	}))
	t.Cleanup(server.Close)
	s.config = aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("k", "s", ""), RetryMaxAttempts: 1}
	return s
}

// stores are the bucket as Connect reaches it, and as the SDK's own client does.
func (s *service) stores() map[string]*objects.Store {
	return map[string]*objects.Store{"connected": objects.Connect(s.config, "bucket-a"), "the SDK's": objects.New(s3.NewFromConfig(s.config), "bucket-a")}
}

func TestConnectTellsWhatTheSDKTells(t *testing.T) {
	for _, tt := range []struct {
		status int
		code   string
		want   error
	}{
		{http.StatusNotFound, "NoSuchKey", objects.ErrNotFound},
		{http.StatusNotFound, "NoSuchBucket", objects.ErrNotFound},
		{http.StatusNotFound, "", objects.ErrNotFound},
		{http.StatusPreconditionFailed, "PreconditionFailed", objects.ErrChanged},
		{http.StatusForbidden, "AccessDenied", nil},
		{http.StatusServiceUnavailable, "SlowDown", nil},
	} {
		s := newService(t, tt.status, tt.code)
		var told []string
		for name, store := range s.stores() {
			_, err := store.Get(t.Context(), "a key/ü", 0)
			if err == nil || tt.want != nil && !errors.Is(err, tt.want) || tt.want == nil && (fault.Status(err) != tt.status || fault.Code(err) != tt.code) {
				t.Errorf("%s, %d %s: %v", name, tt.status, tt.code, err)
			}
			class, _ := fault.Of(err)
			if told = append(told, string(class)+strings.ReplaceAll(err.Error(), name, "")); told[0] != told[len(told)-1] {
				t.Errorf("%d %s: %q", tt.status, tt.code, told)
			}
		}
		if len(s.asked) != 2 || s.asked[0] != s.asked[1] || s.asked[0] != "GET /bucket-a/a key/ü" {
			t.Errorf("%d %s: asked %q", tt.status, tt.code, s.asked)
		}
	}
}

// Only an object may be missing: who writes hears that there is no bucket.
func TestConnectLeavesOtherOperationsAsTheyAre(t *testing.T) {
	s := newService(t, http.StatusNotFound, "NoSuchBucket")
	for name, store := range s.stores() {
		if _, err := store.Put(t.Context(), "k", objects.Text, strings.NewReader("x")); fault.Code(err) != "NoSuchBucket" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestConnectKeepsItsConnection(t *testing.T) {
	s := newService(t, http.StatusNotFound, "NoSuchKey")
	store := s.stores()["connected"]
	for range 5 {
		if _, err := store.Get(t.Context(), "k", 0); !errors.Is(err, objects.ErrNotFound) {
			t.Error(err)
		}
	}
	if n := len(s.from); n != 1 {
		t.Errorf("%d connections for 5 calls", n)
	}
}

// A client has one configuration for all its calls, which none of them may write.
func TestConnectServesManyAtOnce(t *testing.T) {
	store := newService(t, http.StatusNotFound, "NoSuchKey").stores()["connected"]
	var running sync.WaitGroup
	for range 16 {
		running.Go(func() {
			for range 50 {
				if _, err := store.Get(t.Context(), "k", 0); !errors.Is(err, objects.ErrNotFound) {
					t.Error(err)
				}
			}
		})
	}
	running.Wait()
}

// What a look for an object costs that is not there: most that are looked for are
// not.
func BenchmarkGetOfWhatIsMissing(b *testing.B) {
	for name, store := range newService(b, http.StatusNotFound, "NoSuchKey").stores() {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := store.Get(b.Context(), "answers/k", 0); !errors.Is(err, objects.ErrNotFound) {
					b.Fatal(err)
				}
			}
		})
	}
}
