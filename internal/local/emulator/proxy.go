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

// proxy answers what moto cannot, and passes the rest on as it came.
func proxy(moto *url.URL, o Options) http.Handler {
	rest := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(moto)
		r.Out.Host = r.In.Host // a bucket may be in it
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.Path
		function, invoked := invokedFunction(path)
		switch target := r.Header.Get("X-Amz-Target"); {
		case target == states+"ValidateStateMachineDefinition":
			validate(w, r)
		case target == states+"ListStateMachineVersions":
			answer(w, http.StatusOK, map[string]any{"stateMachineVersions": []any{}})
		case target == "" && invoked && o.Invoke != nil:
			invoke(w, r, function, o)
		case target == "" && strings.HasPrefix(path, "/model/") && o.Model != nil:
			o.Model.ServeHTTP(w, r)
		default:
			rest.ServeHTTP(w, r)
		}
	})
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
