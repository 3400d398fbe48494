package events

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/schemas"
)

func load(t *testing.T) Choreography {
	t.Helper()
	c, err := LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestChoreographyNamesTheGoTypes(t *testing.T) {
	c := load(t)
	versions := map[string]int{}
	for _, e := range All() {
		versions[e.Type()] = e.Version()
	}
	for name, said := range c.Events {
		if versions[name] != said.Version {
			t.Errorf("%s is version %d in the choreography and %d in Go", name, said.Version, versions[name])
		}
	}
	for name := range versions {
		if _, listed := c.Events[name]; !listed {
			t.Errorf("%s is a Go type and not in the choreography", name)
		}
	}
}

func TestChoreographyNamesTheSchemas(t *testing.T) {
	var want []string
	for name, said := range load(t).Events {
		want = append(want, schemas.EventFile(name, said.Version))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, schemas.EventFiles()); diff != "" {
		t.Errorf("choreography and schemas/ differ (-choreography +schemas):\n%s", diff)
	}
}

func TestChoreographyNamesTheFolders(t *testing.T) {
	entries, err := os.ReadDir(filepath.Join("..", "functions"))
	if err != nil {
		t.Fatal(err)
	}
	var folders []string
	for _, e := range entries {
		if e.IsDir() {
			folders = append(folders, e.Name())
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(load(t).Functions)), folders); diff != "" {
		t.Errorf("choreography and functions/ differ (-choreography +folders):\n%s", diff)
	}
}

func TestEveryEventHasAFileOfItsOwn(t *testing.T) {
	for _, e := range All() {
		var name strings.Builder
		for i, c := range e.Type() {
			if i > 0 && 'A' <= c && c <= 'Z' {
				name.WriteByte('_')
			}
			name.WriteString(strings.ToLower(string(c)))
		}
		source, err := os.ReadFile(name.String() + ".go")
		if err != nil {
			t.Error(err)
			continue
		}
		if !strings.Contains(string(source), "type "+e.Type()+" struct") {
			t.Errorf("%s.go does not hold the type %s", name.String(), e.Type())
		}
	}
}

func TestEveryTerminalEventIsTracked(t *testing.T) {
	heard, err := load(t).Subscriptions["track"].DetailTypes()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []Event{RequestRejected{}, AiFailed{}, Stored{}, Notified{}, NotificationSkipped{}, RequestParked{}} {
		if !slices.Contains(heard, e.Type()) {
			t.Errorf("track does not hear %s", e.Type())
		}
	}
}

func TestAWrongChoreographyIsRefused(t *testing.T) {
	good := string(choreographyJSON)
	replace := func(old, new string) string {
		t.Helper()
		if !strings.Contains(good, old) {
			t.Fatalf("the choreography no longer holds %s", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	tests := map[string]struct{ document, want string }{
		"not JSON":                                     {good[1:], "not JSON"},
		"unknown key":                                  {replace(`"routes": {`, `"extras": {}, "routes": {`), `unknown "extras"`},
		"misspelt mapping key":                         {replace(`"maxReceives": 1000`, `"maxRecieves": 1000`), `lacks "maxReceives"`},
		"visibility too short":                         {replace(`"visibility": 1800, "maxReceives": 100}`, `"visibility": 1799, "maxReceives": 100}`), "1799 s is less than 6 × the 300 s timeout of analyze"},
		"consumed, never said":                         {replace(`"detail-type": ["AiCompleted"]`, `"detail-type": ["AiCompletedd"]`), "hears AiCompletedd, which nobody says"},
		"said by nobody known":                         {replace(`"saidBy": ["store"]`, `"saidBy": ["shop"]`), `said by "shop"`},
		"drained by nobody known":                      {replace(`"function": "store"`, `"function": "shop"`), `drained by "shop"`},
		"function without work":                        {replace(`"notify": {"function": "notify"`, `"notify": {"function": "store"`), "function notify hears nothing"},
		"large batch, no window":                       {replace(`"batch": 1000, "window": 1, "concurrency": 5`, `"batch": 1000, "window": 0, "concurrency": 5`), "needs a window"},
		"pattern on our bus that names no detail-type": {replace(`"pattern": {"detail-type": ["RequestReceived"]}`, `"pattern": {"source": ["x"]}`), "names no detail-type"},
		"schedule that never is":                       {replace(`"schedule": "rate(1 hour)"`, `"schedule": "cron(61 * * * ? *)"`), `schedule "cron(61 * * * ? *)": "61" does not fit the field minutes`},
		"schedule in bad English":                      {replace(`"schedule": "rate(1 hour)"`, `"schedule": "rate(1 hours)"`), `subscription feedback: schedule "rate(1 hours)": the unit of 1 is singular`},
		"schedule of another service":                  {replace(`"schedule": "rate(1 hour)"`, `"schedule": "at(2027-01-01T00:00:00)"`), "schedule"},
		"schedule on our bus":                          {replace(`"pattern": {"detail-type": ["RequestReceived"]}`, `"schedule": "rate(1 hour)", "pattern": {"detail-type": ["RequestReceived"]}`), "EventBridge runs schedules on the default bus only"},
		"route to nowhere":                             {replace(`"routes": {`, `"routes": {"GET /x": "shop",`), `route GET /x goes to "shop"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := ParseChoreography([]byte(test.document))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want something with %q", err, test.want)
			}
		})
	}
}

func TestPatternsAreFilledWithTheEnvironment(t *testing.T) {
	got := load(t).Subscriptions["ingest"].PatternFor("my-bucket", "my-set")
	if !strings.Contains(got, `"name": ["my-bucket"]`) || strings.Contains(got, "{bucket}") {
		t.Error(got)
	}
}

func TestNames(t *testing.T) {
	queue := QueueName("dev", "analyze")
	for got, want := range map[string]string{
		queue:                      "sluice-dev-analyze",
		DeadLetterQueueName(queue): "sluice-dev-analyze-dlq",
		SourceQueueName(DeadLetterQueueName(queue)):               queue,
		SourceQueueName(queue):                                    "",
		BusName("dev"):                                            "sluice-dev",
		QueueOfARN("arn:aws:sqs:us-east-1:000000000000:" + queue): queue,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
