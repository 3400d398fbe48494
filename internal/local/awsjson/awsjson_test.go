package awsjson

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/internal/local/service"
)

func protocol() Protocol {
	return Protocol{
		Most: 10, Invalid: "InvalidThing",
		Internal: service.Error{Code: "Internal", Message: "broken", Status: http.StatusInternalServerError},
		Document: func(message string) map[string]string { return map[string]string{"said": message} },
		NewID:    func() string { return "the-id" },
	}
}

// echo answers the body as text, and refuses what begins with an exclamation mark.
func echo(r *http.Request, body []byte) (any, error) {
	switch text := string(body); text {
	case "!gone":
		return nil, service.Refuse(http.StatusNotFound, "NotFound", "gone from <%s>", r.URL.Path)
	case "!other":
		return nil, errors.New("not for the caller")
	case "!nan":
		return math.NaN(), nil
	default:
		return map[string]string{"body": text}, nil
	}
}

func TestRequestsAndTheirAnswers(t *testing.T) {
	p := protocol()
	for name, c := range map[string]struct {
		handler    http.Handler
		body       string
		status     int
		code, says string
	}{
		"an answer":           {Handle(p, http.StatusAccepted, echo), "x", 202, "", `{"body":"x"}`},
		"no body":             {Handle(p, http.StatusOK, echo), "", 200, "", `{"body":""}`},
		"the longest body":    {Handle(p, http.StatusOK, echo), strings.Repeat("x", 10), 200, "", `{"body":"xxxxxxxxxx"}`},
		"too long a body":     {Handle(p, http.StatusOK, echo), strings.Repeat("x", 11), 400, "InvalidThing", `{"said":"The request could not be read, or is too large."}`},
		"a refusal":           {Handle(p, http.StatusOK, echo), "!gone", 404, "NotFound", `{"said":"gone from \u003c/path\u003e"}`},
		"another error":       {Handle(p, http.StatusOK, echo), "!other", 500, "Internal", `{"said":"broken"}`},
		"no JSON":             {Handle(p, http.StatusOK, echo), "!nan", 500, "", `{"message":"The answer cannot be written."}`},
		"an unknown one":      {p.Unknown("Thing", ""), "", 404, "UnknownOperationException", `{"said":"The local Thing does not know POST /path."}`},
		"an unknown one, and": {p.Unknown("Thing", " Ask."), "", 404, "UnknownOperationException", `{"said":"The local Thing does not know POST /path. Ask."}`},
	} {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/path", strings.NewReader(c.body)))
		h := w.Header()
		if w.Code != c.status || h.Get("X-Amzn-Errortype") != c.code || w.Body.String() != c.says {
			t.Errorf("%s: %d %q %s", name, w.Code, h.Get("X-Amzn-Errortype"), w.Body)
		}
		if h.Get("Content-Type") != "application/json" || h.Get("X-Amzn-Requestid") != "the-id" {
			t.Errorf("%s: headers %v", name, h)
		}
	}
}

func TestARequestHasAnIDOfItsOwn(t *testing.T) {
	p := protocol()
	p.NewID = nil
	seen := map[string]bool{}
	for range 2 {
		w := httptest.NewRecorder()
		p.Refuse(w, errors.New("x"))
		seen[w.Header().Get("X-Amzn-Requestid")] = true
	}
	if len(seen) != 2 || seen[""] {
		t.Errorf("ids %v", seen)
	}
}

func TestATimeIsSecondsAndComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := time.UnixMilli(rapid.Int64Range(-1e12, 1e13).Draw(t, "milliseconds"))
		text, err := json.Marshal(Time{want})
		if err != nil {
			t.Fatal(err)
		}
		var got Time
		if err := json.Unmarshal(text, &got); err != nil || !got.Equal(want) {
			t.Fatalf("%s: %v, want %v (%v)", text, got, want, err)
		}
	})
}

func TestTimesAsClientsSendThem(t *testing.T) {
	at := time.Date(2026, 11, 2, 10, 20, 30, 500e6, time.UTC)
	for text, want := range map[string]time.Time{
		`1793614830.5`: at, `1.7936148305e9`: at, `"2026-11-02T10:20:30.5Z"`: at, `"2026-11-02T11:20:30.5+01:00"`: at, `null`: {},
	} {
		var got Time
		if err := json.Unmarshal([]byte(text), &got); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, want %v (%v)", text, got, want, err)
		}
	}
	for _, text := range []string{`true`, `{}`, `[]`, `1e12`, `-1e12`, `1e999`} {
		var wrong *json.UnmarshalTypeError
		if err := json.Unmarshal([]byte(text), new(Time)); !errors.As(err, &wrong) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := json.Unmarshal([]byte(`"yesterday"`), new(Time)); err == nil {
		t.Error("yesterday is a time")
	}
}
