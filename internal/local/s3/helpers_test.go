package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"sluice/internal/local/disk"
)

// machine is a state behind its wire, with a real client.
type machine struct {
	*s3.Client
	state *State
	url   string
	stop  func()
}

const testBucket = "a-bucket"

// start serves a state over the store; folder "" is a memory machine.
func start(t *testing.T, store disk.Store, folder string, events Events) *machine {
	t.Helper()
	state, err := New(store, folder, Config{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler(state))
	ctx, cancel := context.WithCancel(context.Background())
	var run sync.WaitGroup
	run.Go(func() { _ = state.Run(ctx) })
	m := &machine{state: state, url: server.URL, stop: sync.OnceFunc(func() {
		server.Close()
		cancel()
		run.Wait()
		state.Close()
		store.Close()
	})}
	t.Cleanup(m.stop)
	m.Client = s3.New(s3.Options{BaseEndpoint: &server.URL, Region: "us-east-1", UsePathStyle: true,
		Credentials: credentials.NewStaticCredentialsProvider("local", "local", ""), RetryMaxAttempts: 1,
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported, ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported})
	if _, err := m.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(testBucket)}); err != nil {
		t.Fatal(err)
	}
	return m
}

func inMemory(t *testing.T) *machine { return start(t, disk.Memory(), "", nil) }

// onDisk serves what is in the folder.
func onDisk(t *testing.T, folder string, events Events) *machine {
	t.Helper()
	store, err := disk.Open(filepath.Join(folder, "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	return start(t, store, filepath.Join(folder, "blobs"), events)
}

func (m *machine) put(t *testing.T, key, body string) string {
	t.Helper()
	out, err := m.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(testBucket), Key: &key, Body: strings.NewReader(body)})
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	return *out.ETag
}

// read is an object's content, or the code of the refusal in angle brackets.
func (m *machine) read(t *testing.T, key string) string {
	t.Helper()
	out, err := m.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(testBucket), Key: &key})
	if err != nil {
		return "<" + code(err) + ">"
	}
	body, err := io.ReadAll(out.Body)
	if err != nil {
		t.Fatalf("read %q: %v", key, err)
	}
	return string(body)
}

// code is the refusal's code, "" for none.
func code(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: %q, want %q (%v)", what, got, want, err)
	}
}

func md5Hex(body string) string {
	sum := md5.Sum([]byte(body))
	return hex.EncodeToString(sum[:])
}

// text is n bytes that differ from place to place.
func text(n int) string {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		b.WriteString(md5Hex(string(rune(i))))
	}
	return b.String()[:n]
}
