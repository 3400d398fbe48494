package lambda

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// Handler speaks Lambda's REST protocol, JSON below /2015-03-31/. Refusals carry
// X-Amzn-ErrorType and a message, as the SDKs expect them. It checks no
// signature.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func Handler(s *State) http.Handler {
	const mappings, functions = "/2015-03-31/event-source-mappings", "/2015-03-31/functions"
	mux := http.NewServeMux()
	// The SDKs differ in the slash at the end.
	for _, end := range []string{"", "/{$}"} {
		mux.HandleFunc("GET "+mappings+end, handle(http.StatusOK, s.wireMappings))
		mux.HandleFunc("GET "+functions+end, handle(http.StatusOK, s.wireFunctions))
	}
	mux.HandleFunc("GET "+mappings+"/{id}", handle(http.StatusOK, s.wireMapping))
	mux.HandleFunc("PUT "+mappings+"/{id}", handle(http.StatusAccepted, s.wireUpdate))
	mux.HandleFunc("GET "+functions+"/{name}", handle(http.StatusOK, s.wireFunction))
	mux.HandleFunc("GET "+functions+"/{name}/configuration", handle(http.StatusOK, s.wireConfiguration))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &Error{CodeUnknown, "The local Lambda does not know " + r.Method + " " + r.URL.Path + ". Functions and mappings are those of the choreography."})
	})
	return mux
}

// mostRequestBytes bounds a request.
const mostRequestBytes = 1 << 20

// handle makes an HTTP handler of a function over a request and its body.
func handle[Out any](status int, act func(r *http.Request, body []byte) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostRequestBytes))
		if err != nil {
			refuse(w, wrong("The request could not be read, or is too large."))
			return
		}
		out, err := act(r, body)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, status, out)
	}
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"message":"The answer cannot be written."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", requestID())
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}

func requestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func refuse(w http.ResponseWriter, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		refused = &Error{CodeService, "The service encountered an internal error."}
	}
	status := http.StatusBadRequest
	switch refused.Code {
	case CodeNotFound, CodeUnknown:
		status = http.StatusNotFound
	case CodeService:
		status = http.StatusInternalServerError
	}
	w.Header().Set("X-Amzn-Errortype", refused.Code)
	answer(w, status, map[string]string{"Type": "User", "Message": refused.Message})
}

// epoch is a time as Lambda writes it: seconds since 1970, with a fraction.
type epoch struct{ time.Time }

// MarshalJSON writes seconds.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', -1, 64), nil
}

const (
	usualPage = 100
	mostPage  = 10_000
)

// page cuts a list that is sorted by name: what is behind the Marker, MaxItems
// at most, and the next Marker or "".
func page[T any](query url.Values, all []T, name func(T) string) (cut []T, next string, err error) {
	size := usualPage
	if given := query.Get("MaxItems"); given != "" {
		if size, err = strconv.Atoi(given); err != nil || size < 1 || size > mostPage {
			return nil, "", wrong("MaxItems must be between 1 and %d.", mostPage)
		}
	}
	if marker := query.Get("Marker"); marker != "" {
		all = slices.DeleteFunc(all, func(one T) bool { return name(one) <= marker })
	}
	if len(all) <= size {
		return all, "", nil
	}
	return all[:size], name(all[size-1]), nil
}
