package emulator

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"

	"sluice/internal/local/lambdahost"
)

// invokedFunction is the function that a path invokes: its name, also where the
// path has its ARN, and without a version or alias.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func invokedFunction(path string) (string, bool) {
	rest, found := strings.CutPrefix(path, "/2015-03-31/functions/")
	name, invoked := strings.CutSuffix(strings.TrimSuffix(rest, "/"), "/invocations")
	if !found || !invoked || name == "" {
		return "", false
	}
	if _, after, is := strings.Cut(name, ":function:"); is {
		name = after
	}
	name, _, _ = strings.Cut(name, ":")
	return name, true
}

// invoke calls the function and answers as Lambda does.
func invoke(w http.ResponseWriter, r *http.Request, function string, o Options) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err)
		return
	}
	w.Header().Set("X-Amz-Executed-Version", "$LATEST")
	switch r.Header.Get("X-Amz-Invocation-Type") {
	case "DryRun":
		w.WriteHeader(http.StatusNoContent)
		return
	case "Event":
		go func() { _, _ = o.Invoke(context.WithoutCancel(r.Context()), function, payload) }()
		w.WriteHeader(http.StatusAccepted)
		return
	}
	said, err := o.Invoke(r.Context(), function, payload)
	var failed *lambdahost.FunctionError
	switch {
	case errors.As(err, &failed):
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		said = failed.Payload
	case errors.Is(err, lambdahost.ErrUnknownFunction):
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", err)
		return
	case errors.Is(err, lambdahost.ErrThrottled):
		refuse(w, http.StatusTooManyRequests, "TooManyRequestsException", err)
		return
	case errors.Is(err, lambdahost.ErrTooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "RequestTooLargeException", err)
		return
	case err != nil:
		refuse(w, http.StatusInternalServerError, "ServiceException", err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(said)
}

func refuse(w http.ResponseWriter, status int, kind string, why error) {
	w.Header().Set("X-Amzn-ErrorType", kind)
	answer(w, status, map[string]string{"Type": "User", "Message": why.Error()})
}
