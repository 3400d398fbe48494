package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sluice/internal/local/bedrock"
)

// mailbox is a mail server on 127.0.0.1 that takes everything. It answers its
// address, and what it was given.
func mailbox(t *testing.T) (address string, mails func() []string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var mu sync.Mutex
	var all []string
	talk := func(conn net.Conn) {
		defer conn.Close()
		fmt.Fprint(conn, "220 test\r\n")
		var body strings.Builder
		inside := false
		for in := bufio.NewScanner(conn); in.Scan(); {
			line := in.Text()
			switch {
			case inside && line != ".":
				body.WriteString(line + "\n")
				continue
			case inside:
				mu.Lock()
				all = append(all, body.String())
				mu.Unlock()
				inside = false
			case line == "DATA":
				inside = true
				fmt.Fprint(conn, "354 go\r\n")
				continue
			case line == "QUIT":
				fmt.Fprint(conn, "221 bye\r\n")
				return
			}
			fmt.Fprint(conn, "250 ok\r\n")
		}
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go talk(conn)
		}
	}()
	return listener.Addr().String(), func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

// inAWS stands for Amazon Bedrock. It answers as the local model does, and keeps
// who asked.
func inAWS(t *testing.T) (url string, callers func() []string) {
	t.Helper()
	state, err := bedrock.New(bedrock.Config{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []string
	answers := bedrock.Handler(state)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		all = append(all, r.Header.Get("Authorization"))
		mu.Unlock()
		answers.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), all...)
	}
}

func TestMailsAreRelayedAndRealBedrockAnswers(t *testing.T) {
	data := t.TempDir()
	server, mails := mailbox(t)
	url, callers := inAWS(t)
	for name, value := range map[string]string{"AWS_ACCESS_KEY_ID": "AKIAUSER", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "",
		"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": url} {
		t.Setenv(name, value)
	}
	file := write(t, "notes.txt", "I love it\nI hate it\n")
	r := sluice(t, data, "run", file, "--task", "sentiment", "--email", "me@example.com") // before the relay is on
	if r.code != 0 || !strings.Contains(r.out, "nothing was billed") || len(callers()) > 0 {
		t.Fatalf("exit %d %s%s", r.code, r.out, r.err)
	}
	r = sluice(t, data, "run", file, "--task", "sentiment", "--email", "me@example.com", "--again", "--smtp", server,
		"--bedrock", "aws", "--bedrock-region", "eu-central-1")
	if r.code != 0 || strings.Contains(r.out, "stand-in") || !strings.Contains(r.out, "AWS bills it") {
		t.Errorf("exit %d %s%s", r.code, r.out, r.err)
	}
	asked := callers()
	if len(asked) == 0 { // or the local model's answers were taken for real ones
		t.Fatal("nobody asked Bedrock")
	}
	for _, by := range asked {
		if !strings.Contains(by, "Credential=AKIAUSER/") || !strings.Contains(by, "/eu-central-1/bedrock/") {
			t.Errorf("asked by %s", by)
		}
	}
	if got := mails(); len(got) != 1 || !strings.Contains(got[0], "To: me@example.com") {
		t.Errorf("%d mails were relayed, want the second run's report alone: %q", len(got), got)
	}
}

func TestMailsThatWaitAreTold(t *testing.T) {
	r := sluice(t, t.TempDir(), "run", write(t, "notes.txt", "I love it\n"), "--task", "sentiment", "--email", "me@example.com", "--smtp", "127.0.0.1:1")
	if r.code != 0 || !strings.Contains(r.err, "mail server: 1;") {
		t.Errorf("exit %d %s", r.code, r.err)
	}
}

func TestWhatIsWrongOutsideIsTold(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
	file := write(t, "notes.txt", "text\n")
	tests := map[string]struct {
		args []string
		code int
		want string
	}{
		"no port":             {[]string{"run", file, "--smtp", "mail.example.com"}, exitUsage, "host:port"},
		"nobody's model":      {[]string{"run", file, "--bedrock", "azure"}, exitUsage, "--bedrock"},
		"a region for none":   {[]string{"dev", "--bedrock-region", "us-east-1"}, exitUsage, "--bedrock-region"},
		"no credentials":      {[]string{"run", file, "--bedrock", "aws", "--bedrock-region", "us-east-1"}, exitFailed, "no AWS credentials"},
		"an endpoint of none": {[]string{"dev", "--endpoint", "localhost:4566"}, exitFailed, "http://host:port"},
		"AWS without any":     {[]string{"dev", "--endpoint", "aws"}, exitFailed, "credentials"},
		"both":                {[]string{"dev", "--endpoint", "http://127.0.0.1:1", "--smtp", "127.0.0.1:1"}, exitUsage, "--endpoint"},
	}
	for name, test := range tests {
		if r := sluice(t, t.TempDir(), test.args...); r.code != test.code || !strings.Contains(r.err, test.want) {
			t.Errorf("%s: exit %d %s", name, r.code, r.err)
		}
	}
}

func TestAMachineThatRunsIsNotTakenForAnother(t *testing.T) {
	data := t.TempDir()
	dev(t, data)
	r := sluice(t, data, "run", write(t, "notes.txt", "text\n"), "--smtp", "127.0.0.1:1")
	if r.code != exitFailed || !strings.Contains(r.err, "does not relay") {
		t.Errorf("exit %d %s", r.code, r.err)
	}
}
