package emulator

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
)

// states begins the targets of Step Functions.
const states = "AWSStepFunctions."

// mostBody is the most that is read of a call that is answered here; a
// definition has at most 1 MB, a payload 6 MB.
const mostBody = 8 << 20

// proxy fills the gaps of what moto does, and passes the rest on as it came. mails
// is who sends mails; nil leaves them to moto.
func proxy(moto http.Handler, o Options, mails http.Handler) http.Handler {
	all := gaps(o, mails)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, g := range all {
			if g.fill(w, r, moto) {
				return
			}
		}
		moto.ServeHTTP(w, r)
	})
}

// forwarded passes requests on to moto.
func forwarded(moto *url.URL) http.Handler {
	return &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(moto)
		r.Out.Host = r.In.Host // a bucket may be in it
	}}
}

// beside lets somebody else answer below a path; nil leaves it to moto.
func beside(prefix string, other http.Handler) func(http.ResponseWriter, *http.Request, http.Handler) bool {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if other == nil || r.Header.Get("X-Amz-Target") != "" || !strings.HasPrefix(r.URL.Path, prefix) {
			return false
		}
		other.ServeHTTP(w, r)
		return true
	}
}

func (o Options) model(w http.ResponseWriter, r *http.Request, rest http.Handler) bool {
	return beside("/model/", o.Model)(w, r, rest)
}

func (o Options) invocation(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	function, invoked := invokedFunction(r.URL.Path)
	if !invoked || o.Invoke == nil || r.Header.Get("X-Amz-Target") != "" {
		return false
	}
	invoke(w, r, function, o)
	return true
}

// stateMachines answers what moto has not of Step Functions.
func stateMachines(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	switch operation, _ := target(r, states); operation {
	case "ValidateStateMachineDefinition":
		validate(w, r)
	case "ListStateMachineVersions":
		answer(w, http.StatusOK, map[string]any{"stateMachineVersions": []any{}})
	default:
		return false
	}
	return true
}

// validate says that a definition is well if it is a JSON object with states:
// whoever wants to know more asks a validator. Terraform asks before every
// change.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_ValidateStateMachineDefinition.html
func validate(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Definition string `json:"definition"`
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil || json.Unmarshal(body, &in) != nil {
		answer(w, http.StatusBadRequest, map[string]string{"__type": "ValidationException", "message": "The body is not that of ValidateStateMachineDefinition."})
		return
	}
	var machine struct {
		StartAt string         `json:"StartAt"`
		States  map[string]any `json:"States"`
	}
	result, diagnostics := "OK", []map[string]string{}
	wrong := func(code, message string) {
		result, diagnostics = "FAIL", append(diagnostics, map[string]string{"severity": "ERROR", "code": code, "message": message})
	}
	if err := json.Unmarshal([]byte(in.Definition), &machine); err != nil {
		wrong("INVALID_JSON_DESCRIPTION", err.Error())
	} else if machine.States[machine.StartAt] == nil {
		wrong("SCHEMA_VALIDATION_FAILED", "StartAt names none of the States")
	}
	answer(w, http.StatusOK, map[string]any{"result": result, "diagnostics": diagnostics, "truncated": false})
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	// A caller that has gone is no error of ours.
	_ = json.NewEncoder(w).Encode(document)
}
