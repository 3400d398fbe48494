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
	for function, want := range map[string]int{"ingest": 19, "analyze": 14, "store": 9, "track": 4, "notify": 4, "api": 0} {
		if got := yields(c, function); got != want {
			t.Errorf("%s yields %d, want %d", function, got, want)
		}
	}
}
