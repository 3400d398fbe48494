package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sluice/events"
)

func TestTwoNamesOfOneCountAreCountedOnce(t *testing.T) {
	got := usages(map[series]int{
		{"haiku", "InputTokenCount"}: 100, {"haiku", "CacheReadInputTokenCount"}: 40, {"haiku", "CacheReadInputTokens"}: 40,
		{"nova", "CacheWriteInputTokens"}: 7, {"nova", "Latency"}: 5,
	})
	want := map[string]*events.Usage{"haiku": {Input: 100, CacheRead: 40}, "nova": {CacheWrite: 7}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
