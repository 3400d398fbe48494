package main

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

func TestTheMachineOffersItsMetricsToPrometheus(t *testing.T) {
	data := t.TempDir()
	url := dev(t, data)
	if r := sluice(t, data, "submit", "The parcel came late.", "--task", "classify"); r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	eventually(t, "the metrics tell of the request", func() bool {
		response, err := http.Get(url + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		text, _ := io.ReadAll(response.Body)
		for _, want := range []string{
			`sluice_received_total{environment="local"} 1`, `sluice_completed_total{environment="local",task="classify"} 1`,
			`sluice_ended_after_seconds_count{environment="local"} 1`, `sluice_model_calls_total{environment="local",model=`,
		} {
			if !strings.Contains(string(text), want) {
				return false
			}
		}
		return response.StatusCode == http.StatusOK
	})
}
