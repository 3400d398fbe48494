package telemetry

import (
	"context"
	"strings"

	"sluice/events"
)

// lambdaTrace is the key under which the runtime library has the invocation's
// X-Ray header in the context.
const lambdaTrace = "x-amzn-trace-id"

// Trace is the X-Ray header that an event which is about to be said carries on:
// that of the message which caused it, or else the invocation's; "" if neither
// has one.
func Trace(ctx context.Context, e events.Envelope) string {
	s := spanOf(ctx)
	if s == nil {
		return ""
	}
	if !s.ofMessage() {
		if caused := s.invocation.causedBy(e); caused != nil {
			s = caused
		}
	}
	return s.trace()
}

// mostHeader is longer than any header of X-Ray's. What has another form came from
// outside, and EventBridge would refuse the event.
const mostHeader = 256

func (s *Span) trace() string {
	for _, header := range []string{s.source.Trace, s.invocation.trace} {
		if len(header) <= mostHeader && root(header) != "" {
			return header
		}
	}
	return ""
}

// root is the trace's id of a header, Root=1-67891233-abcdef012345678912345678;…
func root(header string) string {
	for part := range strings.SplitSeq(header, ";") {
		if id, is := strings.CutPrefix(strings.TrimSpace(part), "Root="); is && len(id) <= 64 && hexed(id) {
			return id
		}
	}
	return ""
}

func hexed(id string) bool {
	return strings.IndexFunc(id, func(c rune) bool { return !(c == '-' || '0' <= c && c <= '9' || 'a' <= c && c <= 'f') }) < 0
}
