package feedback

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/consume"
	"sluice/internal/fault"
)

// FuzzReports takes anything for a report: either it is parked, or what is said of
// it fits its schema; neither tells an address.
func FuzzReports(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, file := range files {
		m := sample(f, strings.TrimSuffix(filepath.Base(file), ".json"))
		f.Add([]byte(m.Record.Detail))
		raw, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, detail []byte) {
		w := newWorld(t)
		m := consume.Message{ID: "m", Record: events.Record{ID: "1", Source: "aws.ses", DetailType: "Email", Time: now, Detail: detail}, Receives: 1}
		if err := w.handler.Handle(t.Context(), []consume.Message{m})[0]; err != nil {
			if class, _ := fault.Of(err); class != fault.Park || strings.Contains(err.Error(), "@") {
				t.Errorf("%s: %v", class, err)
			}
		}
		for _, e := range w.said() {
			if !strings.HasPrefix(e.Type(), "Email") {
				t.Errorf("said %s", e.Type())
			}
		}
	})
}
