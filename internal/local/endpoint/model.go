package endpoint

import (
	"log/slog"
	"net/http"
	"time"

	"sluice/internal/local/bedrock"
	"sluice/internal/local/bedrock/quota"
)

// newModel makes the model's state as the options say.
func newModel(o Options) (*bedrock.State, error) {
	latency := bedrock.DefaultLatency()
	latency.FirstTokenMs = float64(o.Latency) / float64(time.Millisecond)
	if o.Latency == 0 {
		latency = bedrock.Latency{}
	}
	return bedrock.New(bedrock.Config{Latency: latency, Quota: quota.Config{TokensPerMinute: int64(o.TokensPerMinute)}}, time.Now)
}

// models is who answers model calls: real Bedrock if the options named it, else
// the stand-in.
func (s *Services) models(log *slog.Logger) http.Handler {
	if s.AWS != nil {
		return s.AWS.Handler(log)
	}
	return bedrock.Handler(s.Bedrock)
}

// BedrockSettings is the door by which the stand-in's latency, quota and faults
// are read and set while it runs.
func (s *Services) BedrockSettings() http.Handler { return bedrock.Door(s.Bedrock) }
