package scheduler

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sluice/internal/local/disk"
)

func body(in time.Duration, target string) string {
	return `{"ScheduleExpression":"` + at(in) + `","FlexibleTimeWindow":{"Mode":"OFF"},"Target":` + target + `}`
}

const toQueue = `{"Arn":"` + queue + `","RoleArn":"` + role + `","Input":"x"}`

func TestTheWire(t *testing.T) {
	s, err := New(disk.Memory(), &recorder{}, Config{})
	if err != nil {
		t.Fatal(err)
	}
	h := Handler(s)
	whole := `{"Arn":"` + queue + `.fifo","RoleArn":"` + role + `","Input":"x","SqsParameters":{"MessageGroupId":"g"},"DeadLetterConfig":{"Arn":"` + dead + `"},"RetryPolicy":{"MaximumRetryAttempts":3,"MaximumEventAgeInSeconds":60}}`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"create", "POST", "/schedules/a", body(time.Hour, toQueue), 200, `"ScheduleArn":"arn:aws:scheduler:us-east-1:000000000000:schedule/default/a"`},
		{"create again", "POST", "/schedules/a", body(time.Hour, toQueue), 409, "already exists"},
		{"create another", "POST", "/schedules/b", body(time.Hour, toQueue), 200, "schedule/default/b"},
		{"get", "GET", "/schedules/a", "", 200, `"MaximumRetryAttempts":185`},
		{"get, of a group", "GET", "/schedules/a?groupName=default", "", 200, `"ScheduleExpressionTimezone":"UTC"`},
		{"get, of another group", "GET", "/schedules/a?groupName=x", "", 404, "group x"},
		{"update", "PUT", "/schedules/a", body(time.Hour, whole), 200, "schedule/default/a"},
		{"get what was updated", "GET", "/schedules/a", "", 200, `"MessageGroupId":"g"`},
		{"get its dead letters", "GET", "/schedules/a", "", 200, dead},
		{"update, unknown", "PUT", "/schedules/x", body(time.Hour, toQueue), 404, "does not exist"},
		{"list", "GET", "/schedules?MaxResults=1", "", 200, `"NextToken":"a"`},
		{"list, the next page", "GET", "/schedules?MaxResults=1&NextToken=a", "", 200, `"Name":"b"`},
		{"list, a prefix", "GET", "/schedules?NamePrefix=c", "", 200, `"Schedules":[]`},
		{"list, a state", "GET", "/schedules?State=DISABLED", "", 200, `"Schedules":[]`},
		{"list, a wrong page", "GET", "/schedules?MaxResults=101", "", 400, "MaxResults"},
		{"list, another group", "GET", "/schedules?ScheduleGroup=x", "", 404, "group x"},
		{"delete", "DELETE", "/schedules/a?clientToken=1", "", 200, "{}"},
		{"delete again", "DELETE", "/schedules/a", "", 404, "does not exist"},
		{"no JSON", "POST", "/schedules/c", "{", 400, "JSON"},
		{"no target", "POST", "/schedules/c", `{"FlexibleTimeWindow":{"Mode":"OFF"}}`, 400, "Target"},
		{"no window", "POST", "/schedules/c", `{"Target":` + toQueue + `}`, 400, "FlexibleTimeWindow"},
		{"a flexible window", "POST", "/schedules/c", `{"Target":` + toQueue + `,"FlexibleTimeWindow":{"Mode":"FLEXIBLE","MaximumWindowInMinutes":5}}`, 400, "OFF only"},
		{"a key", "POST", "/schedules/c", `{"KmsKeyArn":"k","Target":` + toQueue + `,"FlexibleTimeWindow":{"Mode":"OFF"}}`, 400, "keys"},
		{"another target's parameters", "POST", "/schedules/c", body(time.Hour, `{"EventBridgeParameters":{}}`), 400, "SqsParameters"},
		{"an age that overflows", "POST", "/schedules/c", body(time.Hour, `{"Arn":"`+queue+`","RoleArn":"`+role+`","RetryPolicy":{"MaximumEventAgeInSeconds":9223372036854775807}}`), 400, "MaximumEventAge"},
		{"the groups of schedules", "GET", "/schedule-groups", "", 200, "schedule-group/default"},
		{"groups of another prefix", "GET", "/schedule-groups?NamePrefix=x", "", 200, `{"ScheduleGroups":[]}`},
		{"the group", "GET", "/schedule-groups/default", "", 200, "ACTIVE"},
		{"another group", "GET", "/schedule-groups/x", "", 404, "group x"},
		{"a new group", "POST", "/schedule-groups/x", "{}", 404, "does not know"},
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(c.method, c.path, strings.NewReader(c.body)))
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.status >= 400 && w.Header().Get("X-Amzn-Errortype") == "" {
			t.Errorf("%s: the error has no name", c.name)
		}
	}
}

// No request makes the wire panic or fail; what is taken can be carried out, and
// is read again as it was.
func FuzzWire(f *testing.F) {
	for _, seed := range []string{body(time.Hour, toQueue), body(time.Hour, `{"Arn":"`+MappingUpdate+`","RoleArn":"`+role+`","Input":"{}"}`),
		strings.Replace(body(time.Hour, toQueue), "at(", "at(9999-12-31T23:59:59)", 1), `{"Target":{},"FlexibleTimeWindow":{"Mode":"OFF"},"ScheduleExpressionTimezone":"Asia/Tokyo"}`, `[]`, `null`, ``} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodGet, http.MethodDelete} {
			f.Add(method, "/schedules/n?groupName=default", seed)
			f.Add(method, "/schedules?MaxResults=1&NextToken=x", seed)
		}
	}
	store := disk.Memory()
	state, err := New(store, &recorder{}, Config{})
	if err != nil {
		f.Fatal(err)
	}
	handler := Handler(state)
	f.Fuzz(func(t *testing.T, method, path, body string) {
		r, err := http.NewRequestWithContext(t.Context(), method, "http://127.0.0.1/"+strings.TrimPrefix(path, "/"), strings.NewReader(body))
		if err != nil {
			return
		}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("%s %q %q: %d %s", method, path, body, w.Code, w.Body)
		}
		for _, one := range state.Schedules("", "") {
			if !json.Valid([]byte(state.notification(&one))) {
				t.Errorf("%+v tells of itself without JSON", one)
			}
			if err := state.call(context.Background(), &one); err != nil {
				t.Errorf("%+v: %v", one, err)
			}
			again, err := New(store, &recorder{}, Config{})
			if err != nil {
				t.Fatal(err)
			}
			if same, err := again.Schedule("", one.Name); err != nil || same.Definition != one.Definition || !same.Due.Equal(one.Due) {
				t.Errorf("%+v is read as %+v, %v", one, same, err)
			}
			if err := state.Delete(t.Context(), "", one.Name); err != nil {
				t.Error(err)
			}
		}
	})
}
