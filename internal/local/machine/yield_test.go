package machine

import (
	"testing"

	"sluice/events"
)

func TestWhoStandsNearTheDoorYields(t *testing.T) {
	c, err := events.LoadChoreography()
	if err != nil {
		t.Fatal(err)
	}
	for function, want := range map[string]int{"ingest": 15, "analyze": 10, "store": 5, "track": 0, "notify": 0, "api": 0} {
		if got := yields(c, function); got != want {
			t.Errorf("%s yields %d, want %d", function, got, want)
		}
	}
}
