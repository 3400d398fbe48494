package conformance

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Case is one thing that a service does.
type Case struct {
	// Name is the case's own in its suite.
	Name string
	// Page is the address of AWS's page that settles it.
	Page string
	// Run fails t if the target does otherwise. Cases of a suite run in parallel on
	// the same target, so what they make has names of its own (see name).
	Run func(t testing.TB, target Target)
}

// Difference is a case in which moto does otherwise than AWS.
type Difference struct {
	// Reason is what moto does instead.
	Reason string
	// Page is the address of AWS's page that says so; "" for the case's own.
	Page string
}

// caseTime is how long a case may take. A case that hangs fails by it.
const caseTime = 40 * time.Second

// Conform runs the cases of a service against every target.
func Conform(t *testing.T, service string, cases []Case, moto map[string]Difference) {
	t.Helper()
	checkTable(t, cases, moto)
	for _, target := range Targets(t, service) {
		began := time.Now()
		if target.Name == Moto {
			target.until = began.Add(motoTime - motoUsed)
		}
		t.Run(target.Name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.Name, func(t *testing.T) {
					t.Parallel()
					difference, known := moto[c.Name]
					if target.Name == Moto && known {
						runDifferent(t, service, c, target, difference)
					} else {
						runSame(t, service, c, target)
					}
				})
			}
		})
		if target.Name == Moto {
			motoUsed += time.Since(began)
		}
	}
}

// checkTable fails for a table that contradicts itself.
func checkTable(t *testing.T, cases []Case, moto map[string]Difference) {
	t.Helper()
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.Name] || !strings.HasPrefix(c.Page, "https://docs.aws.amazon.com/") {
			t.Errorf("%s: the name is not unique, or AWS's page is not named", c.Name)
		}
		seen[c.Name] = true
	}
	for name, d := range moto {
		if !seen[name] || d.Reason == "" {
			t.Errorf("the differences name %q, which is no case or has no reason", name)
		}
	}
}

func runSame(t *testing.T, service string, c Case, target Target) {
	if !target.take(t) {
		results.add(service, target.Name, skipped)
		return
	}
	attempt := try(t, c, target)
	if !attempt.failed {
		results.add(service, target.Name, passed)
		return
	}
	results.add(service, target.Name, failed)
	t.Errorf("%s\nAWS's page: %s", attempt.text(), c.Page)
}

func runDifferent(t *testing.T, service string, c Case, target Target, d Difference) {
	if !target.take(t) {
		results.add(service, target.Name, skipped)
		return
	}
	attempt := try(t, c, target)
	page := d.Page
	if page == "" {
		page = c.Page
	}
	if !attempt.failed {
		results.add(service, target.Name, failed)
		t.Errorf("moto is listed to differ here (%s), and does not any more: take it off the list", d.Reason)
		return
	}
	results.add(service, target.Name, differs)
	t.Logf("moto's own difference: %s (%s)\n%s", d.Reason, page, attempt.text())
}

// recorder is a testing.TB whose failures are kept and not told.
type recorder struct {
	testing.TB
	ctx context.Context

	mu     sync.Mutex
	failed bool
	lines  []string
}

// broken is what a call says whose connection has gone in the middle of an
// answer. moto's development server does that once in some thousand calls.
const broken = "use of closed network connection"

// try runs a case and answers what it said. On moto it runs it again if a
// connection broke; what it makes then has new names.
func try(t *testing.T, c Case, target Target) *recorder {
	for attempt := 1; ; attempt++ {
		r := once(t, c, target)
		if target.Name != Moto || attempt == 3 || !r.Failed() || !strings.Contains(r.text(), broken) {
			return r
		}
	}
}

func once(t *testing.T, c Case, target Target) *recorder {
	ctx, cancel := context.WithTimeout(t.Context(), caseTime)
	defer cancel()
	r := &recorder{TB: t, ctx: ctx}
	done := make(chan struct{})
	go func() { // a goroutine of its own, because FailNow ends it
		defer close(done)
		c.Run(r, target)
	}()
	<-done
	return r
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

func (r *recorder) note(fails bool, line string) {
	_, file, at, _ := runtime.Caller(2)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failed = r.failed || fails
	r.lines = append(r.lines, fmt.Sprintf("%s:%d: %s", file[strings.LastIndexByte(file, '/')+1:], at, strings.TrimSuffix(line, "\n")))
}

// The part of testing.TB that tells of failures, and the case's own context.

func (r *recorder) Context() context.Context     { return r.ctx }
func (r *recorder) Log(args ...any)              { r.note(false, fmt.Sprintln(args...)) }
func (r *recorder) Logf(f string, args ...any)   { r.note(false, fmt.Sprintf(f, args...)) }
func (r *recorder) Error(args ...any)            { r.note(true, fmt.Sprintln(args...)) }
func (r *recorder) Errorf(f string, args ...any) { r.note(true, fmt.Sprintf(f, args...)) }
func (r *recorder) Fail()                        { r.note(true, "failed") }
func (r *recorder) FailNow()                     { r.note(true, "failed"); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)            { r.note(true, fmt.Sprintln(args...)); runtime.Goexit() }
func (r *recorder) Fatalf(f string, args ...any) {
	r.note(true, fmt.Sprintf(f, args...))
	runtime.Goexit()
}
func (r *recorder) Skip(args ...any)            { r.Fatal("a case may not skip:", fmt.Sprint(args...)) }
func (r *recorder) Skipf(f string, args ...any) { r.Fatalf("a case may not skip: "+f, args...) }
func (r *recorder) SkipNow()                    { r.Fatal("a case may not skip") }
func (r *recorder) Failed() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.failed
}

// What became of a case.
const (
	passed  = "passed"
	differs = "moto's own differences"
	skipped = "skipped"
	failed  = "failed"
)

// tally counts what became of the cases, by service and target.
type tally struct {
	mu     sync.Mutex
	counts map[[2]string]map[string]int
}

func (c *tally) add(service, target, outcome string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	key := [2]string{service, target}
	if c.counts == nil {
		c.counts = map[[2]string]map[string]int{}
	}
	if c.counts[key] == nil {
		c.counts[key] = map[string]int{}
	}
	c.counts[key][outcome]++
}

// table is the counts for people, or "" if there are none.
func (c *tally) table() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.counts) == 0 {
		return ""
	}
	keys := make([][2]string, 0, len(c.counts))
	for key := range c.counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	outcomes := []string{passed, differs, skipped, failed}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-20s %-9s", "service", "target")
	for _, outcome := range outcomes {
		fmt.Fprintf(&b, "  %s", outcome)
	}
	for _, key := range keys {
		fmt.Fprintf(&b, "\n%-20s %-9s", key[0], key[1])
		for _, outcome := range outcomes {
			fmt.Fprintf(&b, "  %*d", len(outcome), c.counts[key][outcome])
		}
	}
	return b.String() + "\n"
}
