package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
)

// A gap is something that moto does not do, or not as AWS does, and that is done
// here in its place.
type gap struct {
	name, why string
	// fill answers a request and reports true, or leaves it to others. rest is moto.
	fill func(w http.ResponseWriter, r *http.Request, rest http.Handler) bool
}

// gaps are those that the options ask to fill, each with what it keeps. mails is
// who sends.
func gaps(o Options, mails http.Handler) []gap {
	all := []gap{
		{"state machines", "moto has neither ValidateStateMachineDefinition nor ListStateMachineVersions", stateMachines},
		{"invocations", "moto runs functions in containers", o.invocation},
		{"models", "moto has no Converse", o.model},
	}
	if !o.Stack {
		return all
	}
	return append(all,
		gap{"mails", "moto's SES has neither event destinations nor a suppression list, and answers configuration sets in another shape", beside("/v2/email/", mails)},
		gap{"redrive policies", "moto forgets who is allowed, which the provider waits for, and writes the rest anew", (&attributes{kept: map[string]map[string]string{}}).fill},
		gap{"event source mappings", "moto's own take messages and lose them, so they are made disabled", disabledMappings},
		gap{"bucket policies", "moto ignores conditions, and would refuse every object for not coming by TLS", (&policies{kept: map[string][]byte{}}).fill},
		gap{"budgets", "moto has neither DescribeSubscribersForNotification nor ListTagsForResource", newBudgets().fill},
		gap{"schema registries", "moto has none", newRegistries().fill},
		gap{"inference profiles", "moto has none", newProfiles().fill},
		gap{"composite alarms", "moto tells of them, but has no PutCompositeAlarm", newComposites().fill},
		gap{"query definitions", "moto has none", newQueries().fill},
	)
}

// Gaps tells what is filled for a stack, and why, in lines.
func Gaps() []string {
	var all []string
	for _, g := range gaps(Options{Stack: true}, nil) {
		all = append(all, g.name+": "+g.why)
	}
	return all
}

// body reads a request's body and puts it back.
func body(r *http.Request) []byte {
	raw, _ := io.ReadAll(io.LimitReader(r.Body, mostBody)) // what is cut off is refused by whoever decodes it
	restore(r, raw)
	return raw
}

func restore(r *http.Request, raw []byte) {
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
	r.Header.Del("Content-Length")
}

func target(r *http.Request, prefix string) (operation string, is bool) {
	return strings.CutPrefix(r.Header.Get("X-Amz-Target"), prefix)
}

// answered is an answer that is held back, to be changed.
type answered struct {
	header http.Header
	status int
	bytes.Buffer
}

func (a *answered) Header() http.Header    { return a.header }
func (a *answered) WriteHeader(status int) { a.status = status }

// held lets the rest answer and holds it back.
func held(rest http.Handler, r *http.Request) *answered {
	a := &answered{header: http.Header{}, status: http.StatusOK}
	rest.ServeHTTP(a, r)
	return a
}

// pass writes it on with another body.
func (a *answered) pass(w http.ResponseWriter, body []byte) {
	maps.Copy(w.Header(), a.header)
	w.Header().Del("Content-Length")
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
}

func encoded(v any) []byte {
	raw, _ := json.Marshal(v) // maps of strings
	return raw
}
