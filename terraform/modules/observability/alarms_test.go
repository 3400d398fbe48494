package observability

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"sluice/events"
	"sluice/internal/ledger"
	"sluice/internal/telemetry"
)

// phase is so many minutes with the same samples in each.
type phase struct {
	minutes int
	samples map[string]float64
}

type samples = map[string]float64

// play makes the series of phases that follow each other, and tells at which
// minute the last one begins.
func play(phases ...phase) (s series, last int) {
	s = series{}
	minute := 0
	for _, p := range phases {
		last = minute
		for range p.minutes {
			minute++
			for metric, n := range p.samples {
				for len(s[metric]) < minute-1 {
					s[metric] = append(s[metric], none)
				}
				s[metric] = append(s[metric], n)
			}
		}
	}
	// What nobody told since is not there.
	for len(s["-"]) < minute {
		s["-"] = append(s["-"], none)
	}
	return s, last
}

const day = 24 * 60

// scenarios are, for each alarm by the end of its name, what should never set it
// off, what must, and after what it must come back.
var scenarios = map[string]struct{ fine, bad, over phase }{
	"-analyze-dlq-not-empty": {
		fine: phase{60, samples{"ApproximateNumberOfMessagesVisible": 0}},
		bad:  phase{15, samples{"ApproximateNumberOfMessagesVisible": 3}},
		over: phase{15, samples{"ApproximateNumberOfMessagesVisible": 0}},
	},
	"-analyze-oldest": {
		fine: phase{60, samples{"ApproximateAgeOfOldestMessage": 21000}},
		bad:  phase{15, samples{"ApproximateAgeOfOldestMessage": 22000}},
		over: phase{15, samples{"ApproximateAgeOfOldestMessage": 5}},
	},
	"-notify-oldest": {
		fine: phase{60, samples{"ApproximateAgeOfOldestMessage": 890}},
		bad:  phase{15, samples{"ApproximateAgeOfOldestMessage": 1000}},
		over: phase{45, nil}, // an idle queue tells nothing
	},
	"-analyze-crashes": {fine: phase{60, samples{"Errors": 0}}, bad: phase{15, samples{"Errors": 1}}, over: phase{30, samples{"Errors": 0}}},
	"-notify-crashes":  {fine: phase{60, nil}, bad: phase{15, samples{"Errors": 1}}, over: phase{60, nil}},
	"-failure-rate": {
		fine: phase{60, samples{"Completed": 97, "Failed": 2, "Parked": 1}},
		bad:  phase{15, samples{"Completed": 90, "Failed": 8, "Parked": 2}},
		over: phase{30, samples{"Completed": 100}},
	},
	"-throttle-rate": {
		fine: phase{60, samples{"ModelCalls": 100, "Throttles": 4}},
		bad:  phase{20, samples{"ModelCalls": 100, "Throttles": 30}},
		over: phase{30, samples{"ModelCalls": 100, "Throttles": 0}},
	},
	"-bounce-rate": {
		fine: phase{2 * day, samples{"Mails": 10, "Bounces": 0.3}},
		bad:  phase{day, samples{"Mails": 10, "Bounces": 1}},
		over: phase{2 * day, samples{"Mails": 10, "Bounces": 0.1}},
	},
	"-complaint-rate": {
		fine: phase{2 * day, samples{"Mails": 10, "Complaints": 0.005}},
		bad:  phase{day, samples{"Mails": 10, "Complaints": 0.02}},
		over: phase{2 * day, samples{"Mails": 10, "Complaints": 0}},
	},
	"-no-traffic": {fine: phase{12 * 60, samples{"Received": 0.1}}, bad: phase{24 * 60, nil}, over: phase{12 * 60, samples{"Received": 1}}},
	"-model-cost": {fine: phase{2 * day, samples{"CostUSD": 3.9 / day}}, bad: phase{day, samples{"CostUSD": 4.1 / day}}, over: phase{2 * day, samples{"CostUSD": 0.1 / day}}},
}

func TestEveryAlarmGoesOffAndComesBack(t *testing.T) {
	for _, a := range load(t).Alarms {
		t.Run(a.Name, func(t *testing.T) {
			scenario, found := scenarios[strings.TrimPrefix(a.Name, "sluice-test")]
			if !found {
				t.Fatal("no series sets it off")
			}
			s, _ := play(scenario.fine)
			for period, on := range a.alarming(s) {
				if on {
					t.Fatalf("it goes off in period %d of what is fine", period)
				}
			}
			s, began := play(scenario.fine, scenario.bad)
			if states := a.alarming(s); !states[len(states)-1] {
				t.Fatalf("it is not in ALARM after %d bad minutes: %v", s.minutes()-began, a.datapoints(s))
			}
			s, _ = play(scenario.fine, scenario.bad, scenario.over)
			if states := a.alarming(s); states[len(states)-1] {
				t.Errorf("it does not come back: %v", a.datapoints(s))
			}
		})
	}
}

// A moment is no state of affairs, and two requests are no rate.
func TestWhatIsLittleSetsNothingOff(t *testing.T) {
	little := map[string][]phase{
		"-analyze-dlq-not-empty": {{10, samples{"ApproximateNumberOfMessagesVisible": 0}}, {4, samples{"ApproximateNumberOfMessagesVisible": 9}}, {16, samples{"ApproximateNumberOfMessagesVisible": 0}}},
		"-analyze-crashes":       {{20, samples{"Errors": 0}}, {1, samples{"Errors": 1}}, {29, samples{"Errors": 0}}},
		"-failure-rate":          {{30, samples{"Completed": 1, "Failed": 1}}, {5, samples{"Completed": 10, "Failed": 90}}, {25, samples{"Completed": 100}}},
		"-throttle-rate":         {{30, samples{"ModelCalls": 1, "Throttles": 1}}, {10, samples{"ModelCalls": 100, "Throttles": 100}}, {20, samples{"ModelCalls": 100}}},
		"-bounce-rate":           {{1, samples{"Mails": 5, "Bounces": 4}}, {2 * day, nil}},
		"-complaint-rate":        {{1, samples{"Mails": 5, "Complaints": 1}}, {2 * day, nil}},
	}
	tried := 0
	for _, a := range load(t).Alarms {
		phases, listed := little[strings.TrimPrefix(a.Name, "sluice-test")]
		if !listed {
			continue
		}
		tried++
		s, _ := play(phases...)
		for period, on := range a.alarming(s) {
			if on {
				t.Errorf("%s goes off in period %d: %v", a.Name, period, a.datapoints(s))
			}
		}
	}
	if tried != len(little) {
		t.Errorf("%d of %d alarms were there to try", tried, len(little))
	}
}

// A mail that is complained about was often sent on an earlier day.
func TestComplaintsCountWithoutMailsOfTheDay(t *testing.T) {
	for _, a := range load(t).Alarms {
		if strings.HasSuffix(a.Name, "-complaint-rate") {
			s, _ := play(phase{day, samples{"Complaints": 3.0 / day}})
			if states := a.alarming(s); !states[0] {
				t.Errorf("three complaints in a day without mails: %v", a.datapoints(s))
			}
		}
	}
}

// An alarm over a metric that nobody tells would never go off.
func TestAlarmsHearWhatFunctionsTell(t *testing.T) {
	told := told(t)
	for _, a := range load(t).Alarms {
		check := func(namespace, name string, dimensions map[string]string) {
			if namespace == telemetry.Namespace && (!told[name] || len(dimensions) != 1 || dimensions["environment"] != "test") {
				t.Errorf("%s hears %s by %v, which no function tells", a.Name, name, dimensions)
			}
		}
		check(a.Namespace, a.Metric, a.Dimensions)
		for _, q := range a.Queries {
			for _, m := range q.Metric {
				check(m.Namespace, m.Name, m.Dimensions)
			}
		}
	}
}

func TestTheCompositeAlarmHearsAll(t *testing.T) {
	p := load(t)
	for _, a := range p.Alarms {
		if !strings.Contains(p.Composite, `ALARM("`+a.Name+`")`) {
			t.Errorf("%s is not in %s", a.Name, p.Composite)
		}
	}
}

// told are the metrics that functions print by the environment alone.
func told(t *testing.T) map[string]bool {
	t.Helper()
	t.Setenv("SLUICE_ENVIRONMENT", "test")
	var out bytes.Buffer
	ctx, v := telemetry.NewRecorder(telemetry.NewLogger(&out, "any"), time.Now).Begin(t.Context())
	v.Span(telemetry.Source{IDs: telemetry.IDs{Event: "RequestReceived"}})
	for _, one := range []struct {
		said events.Event
		ends events.Outcome
	}{
		{events.Stored{Key: "x"}, events.Completed}, {events.AiFailed{Class: events.FailureRefused}, events.Failed}, {events.RequestParked{Class: "crash"}, events.Parked},
		{events.EmailComplained{}, ""}, {events.EmailBounced{Kind: events.BouncePermanent}, ""},
		{events.Notified{Recipients: []events.Recipient{{Outcome: events.MailSent}}}, ""},
	} {
		e, err := events.New(events.Envelope{RequestID: "r-1", Tenant: "acme"}, time.Now(), one.said)
		if err != nil {
			t.Fatal(err)
		}
		if one.ends != "" {
			e = e.Ends(one.ends)
		}
		telemetry.Said(ctx, e)
	}
	v.End(ctx)
	ledger.New(&out, "test", time.Now).End(ctx, ledger.Ended{Status: ledger.Answered})
	return byEnvironment(t, &out)
}

// byEnvironment are the metrics of documents that have the environment as their
// only dimension.
func byEnvironment(t *testing.T, lines *bytes.Buffer) map[string]bool {
	t.Helper()
	told := map[string]bool{}
	for decoder := json.NewDecoder(lines); decoder.More(); {
		var line struct {
			AWS struct {
				CloudWatchMetrics []struct {
					Dimensions [][]string
					Metrics    []struct{ Name string }
				}
			} `json:"_aws"`
		}
		if err := decoder.Decode(&line); err != nil {
			t.Fatal(err)
		}
		for _, directive := range line.AWS.CloudWatchMetrics {
			for _, set := range directive.Dimensions {
				for _, m := range directive.Metrics {
					told[m.Name] = told[m.Name] || len(set) == 1 && set[0] == "environment"
				}
			}
		}
	}
	return told
}
