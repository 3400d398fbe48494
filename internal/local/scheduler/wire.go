package scheduler

import (
	"context"
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

// Handler speaks EventBridge Scheduler's REST protocol, JSON below /schedules.
// Refusals carry X-Amzn-ErrorType and a message, as the SDKs expect them. It
// checks no signature.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
func Handler(s *State) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /schedules/{name}", handle(s.wireCreate))
	mux.HandleFunc("PUT /schedules/{name}", handle(s.wireUpdate))
	mux.HandleFunc("GET /schedules/{name}", handle(s.wireGet))
	mux.HandleFunc("DELETE /schedules/{name}", handle(s.wireDelete))
	mux.HandleFunc("GET /schedules", handle(s.wireList))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, &Error{CodeUnknown, "The local EventBridge Scheduler does not know " + r.Method + " " + r.URL.Path + "."})
	})
	return mux
}

// mostRequestBytes bounds a request: an input has 256 KB at most.
const mostRequestBytes = 1 << 20

// call is a request as an operation sees it.
type call struct {
	name  string
	query url.Values
}

// none is an empty request or answer.
type none struct{}

// handle makes an HTTP handler of a function over its request and answer types.
func handle[In, Out any](act func(ctx context.Context, c call, in In) (Out, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostRequestBytes))
		if err != nil {
			refuse(w, invalid("The request could not be read, or is too large."))
			return
		}
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				refuse(w, invalid("The request is not valid JSON of this operation."))
				return
			}
		}
		out, err := act(r.Context(), call{r.PathValue("name"), r.URL.Query()}, in)
		if err != nil {
			refuse(w, err)
			return
		}
		answer(w, http.StatusOK, out)
	}
}

func answer(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"Message":"The answer cannot be written."}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Requestid", randomID())
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that has gone needs no answer
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

func refuse(w http.ResponseWriter, err error) {
	var refused *Error
	if !errors.As(err, &refused) {
		refused = &Error{CodeInternal, "Unexpected error encountered while processing the request."}
	}
	status := http.StatusBadRequest
	switch refused.Code {
	case CodeNotFound, CodeUnknown:
		status = http.StatusNotFound
	case CodeConflict:
		status = http.StatusConflict
	case CodeInternal:
		status = http.StatusInternalServerError
	}
	w.Header().Set("X-Amzn-Errortype", refused.Code)
	answer(w, status, map[string]string{"Message": refused.Message})
}

// epoch is a time as the service writes it: seconds since 1970, with a fraction.
type epoch struct{ time.Time }

// MarshalJSON writes seconds.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(e.UnixMilli())/1000, 'f', -1, 64), nil
}

const mostPage = 100

type summary struct {
	Arn, GroupName, Name, State string
	CreationDate                epoch
	LastModificationDate        epoch
	Target                      struct{ Arn string }
}

type summaries struct {
	Schedules []summary
	NextToken string `json:",omitempty"`
}

func (s *State) wireList(_ context.Context, c call, _ none) (summaries, error) {
	if err := checkGroup(c.query.Get("ScheduleGroup")); err != nil {
		return summaries{}, err
	}
	size := mostPage
	if given := c.query.Get("MaxResults"); given != "" {
		var err error
		if size, err = strconv.Atoi(given); err != nil || size < 1 || size > mostPage {
			return summaries{}, invalid("MaxResults must be between 1 and %d.", mostPage)
		}
	}
	all := s.Schedules(c.query.Get("NamePrefix"), c.query.Get("State"))
	if token := c.query.Get("NextToken"); token != "" {
		all = slices.DeleteFunc(all, func(one Schedule) bool { return one.Name <= token })
	}
	out := summaries{Schedules: []summary{}}
	if len(all) > size {
		all = all[:size]
		out.NextToken = all[size-1].Name
	}
	for _, one := range all {
		row := summary{Arn: s.ARN(one.Name), GroupName: defaultGroup, Name: one.Name, State: one.State, CreationDate: epoch{one.Created}, LastModificationDate: epoch{one.Modified}}
		row.Target.Arn = one.Target.ARN
		out.Schedules = append(out.Schedules, row)
	}
	return out, nil
}
