package machine

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/events"
	"sluice/internal/local/eventbridge/pattern"
)

// Of SES's events an environment hears those of its own configuration set, and of
// those all that say what became of a mail; who reads it, and where they click, is
// nobody's business.
func TestEnvironmentsDoNotHearEachOthersMails(t *testing.T) {
	c, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../../functions/feedback/testdata/*.json")
	if err != nil || len(files) < 7 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	unheard := map[string]bool{"open.json": true, "click.json": true, "subscription.json": true}
	for _, file := range files {
		event, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(event), `"ConfigSet"`) || !json.Valid(event) {
			t.Fatalf("%s is no sample", file)
		}
		for set, want := range map[string]bool{"ConfigSet": !unheard[filepath.Base(file)], "ConfigSet-2": false, "sluice-dev": false} {
			p, err := pattern.Compile(c.Subscriptions["feedback"].PatternFor("bucket", set))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := p.MatchJSON(event); err != nil || got != want {
				t.Errorf("%s is heard by %s: %t", filepath.Base(file), set, got)
			}
		}
	}
}
