package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sluice/schemas/openapitest"
)

// The mail of an upload leads to its report and to a way out, for whoever has it;
// the whole HTTP API answers as openapi.yaml says, over the wire.
func TestTheHTTPAPIAnswersAsDocumentedAndMailsLeadThere(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	file := write(t, "notes.txt", "The parcel came late.\nI love it.\n")
	if r := sluice(t, data, "run", file, "--task", "sentiment", "--email", "you@example.com"); r.code != exitOK {
		t.Fatalf("%d %s", r.code, r.err)
	}
	report, unsubscribe := linksOfTheMail(t, data, url)
	page := get(t, url+"/reports/"+report)
	if page.StatusCode != http.StatusOK || !strings.HasPrefix(page.Header.Get("Content-Type"), "text/html") || page.Request.URL.Query().Get("X-Amz-Signature") == "" {
		t.Errorf("the report: %s %v from %s", page.Status, page.Header, page.Request.URL)
	}
	few(t, "12")
	openapitest.Explore(t, openapitest.Over(url, &http.Client{Timeout: patience}, nil),
		map[string][]string{"/reports/{token}": {report}, "/unsubscribe/{token}": {unsubscribe}})
	if got := get(t, url+"/requests/a/b"); got.StatusCode != http.StatusNotFound || got.Header.Get("Apigw-Requestid") == "" {
		t.Errorf("no route: %s %v", got.Status, got.Header)
	}
	if got := get(t, url+"/sluice-local/reports/nope"); got.StatusCode != http.StatusNotFound || got.Header.Get("Server") != "AmazonS3" {
		t.Errorf("the bucket: %s %v", got.Status, got.Header)
	}
}

// few lets properties be tried so often: each try is a request to real processes.
func few(t *testing.T, checks string) {
	t.Helper()
	usual := flag.Lookup("rapid.checks").Value.String()
	if err := flag.Set("rapid.checks", checks); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set("rapid.checks", usual) })
}

// linksOfTheMail are the tokens in the one mail that was sent.
func linksOfTheMail(t *testing.T, data, url string) (report, unsubscribe string) {
	t.Helper()
	var list []struct{ ID string }
	if err := json.Unmarshal([]byte(sluice(t, data, "mails", "--json").out), &list); err != nil || len(list) != 1 {
		t.Fatalf("%d mails, %v", len(list), err)
	}
	text := sluice(t, data, "mails", list[0].ID).out
	token := func(kind string) string {
		found := regexp.MustCompile(regexp.QuoteMeta(url+"/"+kind+"/") + `([A-Za-z0-9_-]+)`).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("no link to %s in\n%s", kind, text)
		}
		return found[1]
	}
	return token("reports"), token("unsubscribe")
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "Mozilla/5.0")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer
}

// Whoever was told 202 can ask for the request ever after, and it comes to an end:
// whatever is killed, the machine as a whole or a function in the middle of a call.
func TestNothingAcceptedIsLostWhenProcessesAreKilled(t *testing.T) {
	data := t.TempDir()
	p := poster{accepted: map[string]bool{}}
	ctx, stop := context.WithCancel(t.Context())
	var posting sync.WaitGroup
	for i := range 4 {
		posting.Go(func() { p.run(ctx, t, i) })
	}
	for round := range 3 {
		c, url := startDev(t, data)
		p.url.Store(&url)
		before := p.count()
		eventually(t, "some are accepted", func() bool { return p.count() >= before+10 })
		killed := killFunctions(c.Process.Pid)
		eventually(t, "more are accepted", func() bool { return p.count() >= before+20 })
		t.Logf("round %d: %d accepted, %d functions killed", round, p.count(), killed)
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	stop()
	posting.Wait()
	url := dev(t, data)
	for id := range p.accepted {
		eventually(t, "request "+id+" has an end", func() bool { return hasEnded(t, url, id) })
	}
}

// poster sends requests and keeps the ids of those that were accepted.
type poster struct {
	url atomic.Pointer[string]

	mu       sync.Mutex
	accepted map[string]bool
}

func (p *poster) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.accepted)
}

// run sends one request after the other until the context ends.
func (p *poster) run(ctx context.Context, t *testing.T, number int) {
	for i := 0; ctx.Err() == nil; i++ {
		url := p.url.Load()
		if url == nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		status, id := p.post(ctx, *url, fmt.Sprintf("Parcel %d of customer %d came late.", i, number))
		switch status {
		case http.StatusAccepted:
			p.mu.Lock()
			p.accepted[id] = true
			p.mu.Unlock()
		case 0:
			time.Sleep(10 * time.Millisecond) // the machine is down
		case http.StatusInternalServerError, http.StatusServiceUnavailable: // the function was killed, or is starting
		default:
			t.Errorf("answered %d", status)
			return
		}
	}
}

// post sends a request; status 0 is no answer.
func (p *poster) post(ctx context.Context, url, text string) (status int, id string) {
	body := fmt.Sprintf(`{"task":"sentiment","input":{"text":%q}}`, text)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/requests", strings.NewReader(body))
	if err != nil {
		return 0, ""
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, ""
	}
	defer answer.Body.Close()
	var accepted struct{ RequestID string }
	raw, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode == http.StatusAccepted && json.Unmarshal(raw, &accepted) != nil {
		return 0, ""
	}
	return answer.StatusCode, accepted.RequestID
}

// hasEnded asks the HTTP API; a request that was accepted must be known to it.
func hasEnded(t *testing.T, url, id string) bool {
	t.Helper()
	answer, err := http.Get(url + "/requests/" + id)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var standing struct{ Outcome string }
	if err := json.NewDecoder(answer.Body).Decode(&standing); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s was accepted, and then it is %s, %v", id, answer.Status, err)
	}
	return standing.Outcome != ""
}

// killFunctions kills the functions of a machine and tells how many. Where there is
// no /proc they cannot be found, and none is.
func killFunctions(pid int) (killed int) {
	all, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range all {
		stat, err := os.ReadFile(path)
		behind := bytes.LastIndexByte(stat, ')')
		if err != nil || behind < 0 {
			continue
		}
		fields := strings.Fields(string(stat[behind+1:]))
		child, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err == nil && len(fields) > 1 && fields[1] == strconv.Itoa(pid) && syscall.Kill(child, syscall.SIGKILL) == nil {
			killed++
		}
	}
	return killed
}
