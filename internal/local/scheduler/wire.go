package scheduler

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"sluice/internal/local/awsjson"
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
	mux.HandleFunc("GET /schedule-groups", handle(s.wireGroups))
	mux.HandleFunc("GET /schedule-groups/{name}", handle(s.wireGroup))
	mux.HandleFunc("/", protocol().Unknown("EventBridge Scheduler", ""))
	return mux
}

func protocol() awsjson.Protocol {
	return awsjson.Protocol{
		Most: 1 << 20, Invalid: CodeValidation, // an input has 256 KB at most
		Internal: Error{Code: CodeInternal, Message: "Unexpected error encountered while processing the request.", Status: http.StatusInternalServerError},
		Document: func(message string) map[string]string { return map[string]string{"Message": message} },
	}
}

// call is a request as an operation sees it.
type call struct {
	name  string
	query url.Values
}

// none is an empty request or answer.
type none struct{}

// handle makes an HTTP handler of a function over its request and answer types.
func handle[In, Out any](act func(ctx context.Context, c call, in In) (Out, error)) http.HandlerFunc {
	return awsjson.Handle(protocol(), http.StatusOK, func(r *http.Request, body []byte) (out Out, err error) {
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return out, invalid("The request is not valid JSON of this operation.")
			}
		}
		return act(r.Context(), call{r.PathValue("name"), r.URL.Query()}, in)
	})
}

// group is a schedule group on the wire.
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetScheduleGroup.html
type group struct{ Arn, Name, State string }

type groups struct{ ScheduleGroups []group }

func (s *State) wireGroup(_ context.Context, c call, _ none) (group, error) {
	return group{s.groupARN(), defaultGroup, "ACTIVE"}, checkGroup(c.name)
}

func (s *State) wireGroups(ctx context.Context, c call, in none) (groups, error) {
	if !strings.HasPrefix(defaultGroup, c.query.Get("NamePrefix")) {
		return groups{[]group{}}, nil
	}
	one, err := s.wireGroup(ctx, call{name: defaultGroup}, in)
	return groups{[]group{one}}, err
}

const mostPage = 100

type summary struct {
	Arn, GroupName, Name, State string
	CreationDate                awsjson.Time
	LastModificationDate        awsjson.Time
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
		row := summary{Arn: s.ARN(one.Name), GroupName: defaultGroup, Name: one.Name, State: one.State, CreationDate: awsjson.Time{Time: one.Created}, LastModificationDate: awsjson.Time{Time: one.Modified}}
		row.Target.Arn = one.Target.ARN
		out.Schedules = append(out.Schedules, row)
	}
	return out, nil
}
