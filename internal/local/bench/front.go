package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// front is what the HTTP API of the local machine came to under steady requests.
type front struct {
	// PerSecond is how many were sent a second, Sent how many in all.
	PerSecond int `json:"perSecond"`
	Sent      int `json:"sent"`
	// Accepted were answered 202; Refused otherwise; Unanswered not at all, as the
	// machine was down.
	Accepted   int `json:"accepted"`
	Refused    int `json:"refused"`
	Unanswered int `json:"unanswered"`
	// P50, P99 and Max are of the accepted ones in milliseconds, from the moment
	// when each was due.
	P50 float64 `json:"p50ms"`
	P99 float64 `json:"p99ms"`
	Max float64 `json:"maxms"`
	// Ended counts the accepted ones that came to an end; all do, or the run fails.
	Ended int `json:"ended"`
	// Machines and Functions count what was killed on the way, with Seed.
	Machines  int    `json:"machinesKilled"`
	Functions int    `json:"functionsKilled"`
	Seed      uint64 `json:"seed,omitempty"`
}

// frontTimes bound how long the front door may take.
const (
	askTime = 30 * time.Second
	// endTime is how long it may take until one more request has ended.
	endTime = 2 * time.Minute
)

// posted is what became of a request: an id if it was accepted.
type posted struct {
	id     string
	status int
	took   time.Duration
}

// knock sends requests to the front door at a steady pace, whether the ones before
// are answered or not, and waits until each that was accepted has ended. The
// error says which was lost.
func (b *bench) knock(ctx context.Context) (f front, err error) {
	f = front{PerSecond: b.api, Sent: b.api * b.apiSeconds, Seed: b.seed}
	chance := rand.New(rand.NewPCG(b.seed, uint64(b.api)))
	m, err := b.dev(ctx, filepath.Join(b.folder, "front"), freePort(ctx), "--latency", "0s")
	if err != nil {
		return f, err
	}
	defer func() { err = errors.Join(err, m.stop()) }()
	var k killed
	stopKilling := b.killSome(&k, m.pid(), chance)
	all, sending := make([]posted, f.Sent), make(chan struct{})
	go func() {
		defer close(sending)
		knockAll(ctx, m.url, b.api, all)
	}()
	for i := range b.kills {
		select {
		case <-sending:
		case <-time.After(time.Duration(b.apiSeconds) * time.Second / time.Duration(b.kills+1)):
		}
		stopKilling()
		if err := m.killAndStartAgain(); err != nil {
			return f, fmt.Errorf("start %d: %w", i+2, err)
		}
		f.Machines++
		stopKilling = b.killSome(&k, m.pid(), chance)
	}
	<-sending
	stopKilling()
	f.Functions = k.Functions
	f.count(all)
	return f, f.await(ctx, m.url, all)
}

// knockAll sends each request when it is due.
func knockAll(ctx context.Context, url string, perSecond int, all []posted) {
	client := &http.Client{Timeout: askTime, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	defer client.CloseIdleConnections()
	var knocking sync.WaitGroup
	defer knocking.Wait()
	began := time.Now()
	for i := range all {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Until(due)):
		}
		knocking.Go(func() { all[i] = post(ctx, client, url, i, due) })
	}
}

// post sends request i.
func post(ctx context.Context, client *http.Client, url string, i int, due time.Time) posted {
	body, err := json.Marshal(map[string]any{"task": "summarize", "input": map[string]string{"text": text(i)}})
	if err != nil {
		return posted{}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/requests", bytes.NewReader(body))
	if err != nil {
		return posted{}
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := client.Do(request)
	if err != nil {
		return posted{}
	}
	defer answer.Body.Close()
	var accepted struct {
		RequestID string `json:"requestId"`
	}
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		return posted{}
	}
	p := posted{status: answer.StatusCode, took: time.Since(due)}
	if p.status == http.StatusAccepted && json.Unmarshal(raw, &accepted) == nil {
		p.id = accepted.RequestID
	}
	return p
}

// count takes the figures.
func (f *front) count(all []posted) {
	var took []float64
	for _, p := range all {
		switch {
		case p.id != "":
			f.Accepted++
			took = append(took, float64(p.took)/float64(time.Millisecond))
		case p.status != 0:
			f.Refused++
		default:
			f.Unanswered++
		}
	}
	if len(took) > 0 {
		f.P50, f.P99, f.Max = quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)
	}
}

// await waits until every accepted request has ended.
func (f *front) await(ctx context.Context, url string, all []posted) error {
	if f.Accepted == 0 {
		return errors.New("no request was accepted")
	}
	last := time.Now()
	for _, p := range all {
		for p.id != "" {
			ended, err := hasEnded(ctx, url, p.id)
			if err != nil {
				return err
			}
			if ended {
				f.Ended++
				last = time.Now()
				break
			}
			if time.Since(last) > endTime {
				return fmt.Errorf("request %s was accepted, and has no end after %s", p.id, endTime)
			}
			time.Sleep(lookEvery)
		}
	}
	return nil
}

// hasEnded asks the front door how far a request is.
func hasEnded(ctx context.Context, url, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/requests/"+id, nil)
	if err != nil {
		return false, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	var standing struct{ Outcome string }
	if err := json.NewDecoder(answer.Body).Decode(&standing); err != nil || answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("request %s was accepted, and then it is %s: %w", id, answer.Status, err)
	}
	return standing.Outcome != "", nil
}

// freePort is --port with a port that is free now: a machine that is started again
// must listen where it did.
func freePort(ctx context.Context) string {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "--port=0"
	}
	defer l.Close()
	return "--port=" + strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// show prints the figures for people.
func (f front) show(w io.Writer) {
	fmt.Fprintln(w, "POST /requests a second\tsent\taccepted\trefused\tunanswered\tp50 ms\tp99 ms\tmax ms\tended\tmachines killed\tfunctions killed\t")
	fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%.1f\t%.1f\t%.1f\t%d\t%d\t%d\t\n\n", f.PerSecond, f.Sent, f.Accepted, f.Refused, f.Unanswered, f.P50, f.P99, f.Max, f.Ended, f.Machines, f.Functions)
}
