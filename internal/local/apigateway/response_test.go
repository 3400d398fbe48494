package apigateway

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What functions answer, and what API Gateway makes of it.
func TestAnswersAreTakenAsAPIGatewayTakesThem(t *testing.T) {
	raw, err := os.ReadFile("testdata/answers.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Answer  string              `json:"answer"`
		Status  int                 `json:"status"`
		Headers map[string][]string `json:"headers"`
		Body    string              `json:"body"`
		Refused bool                `json:"refused"`
	}
	if err := json.Unmarshal(raw, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for name, c := range cases {
		got, err := read([]byte(c.Answer))
		if c.Refused {
			if err == nil {
				t.Errorf("%s: it was taken as %+v", name, got)
			}
			continue
		}
		if err != nil || got.status != c.Status || string(got.body) != c.Body {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		if diff := cmp.Diff(http.Header(c.Headers), got.headers); diff != "" {
			t.Errorf("%s: headers (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"a":"b"},"cookies":["c"],"body":"x"}`))
	f.Add([]byte(`"text"`))
	f.Add([]byte(`{"statusCode":"201","isBase64Encoded":true,"body":"!"}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		got, err := read(answer)
		if err == nil && (got.status < 200 || got.status > 599 || got.headers.Get("Content-Type") == "") {
			t.Errorf("%q: %+v", answer, got)
		}
	})
}
