package ses

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"sluice/internal/local/awsjson"
)

// Handler speaks SES's REST protocol, JSON below /v2/email/. Refusals carry
// X-Amzn-ErrorType and a message, as the SDKs expect them.
func Handler(s *State) http.Handler {
	mux := http.NewServeMux()
	s.sendRoutes(mux)
	s.identityRoutes(mux)
	s.setRoutes(mux)
	s.suppressionRoutes(mux)
	s.templateRoutes(mux)
	s.optionRoutes(mux)
	mux.HandleFunc("/", protocol().Unknown("SES", ""))
	return mux
}

func protocol() awsjson.Protocol {
	return awsjson.Protocol{
		Most: 64 << 20, Invalid: CodeBadRequest, // a mail of 40 MB in base64, and more
		Internal: Error{Code: CodeInternal, Message: "Service encountered unexpected problem. Please try again.", Status: http.StatusInternalServerError},
		Document: func(message string) map[string]string { return map[string]string{"message": message} },
		NewID:    func() string { return newID(0) },
	}
}

// call is a request as an operation sees it.
type call struct {
	path  func(name string) string
	query url.Values
}

// none is an empty answer.
type none struct{}

// handle makes an HTTP handler of a function over its request and answer types.
func handle[In, Out any](act func(ctx context.Context, c call, in In) (Out, error)) http.HandlerFunc {
	return awsjson.Handle(protocol(), http.StatusOK, func(r *http.Request, body []byte) (out Out, err error) {
		var in In
		if len(body) > 0 {
			if err := json.Unmarshal(body, &in); err != nil {
				return out, badRequest("The request is not valid JSON of this operation: %s", jsonReason(err))
			}
		}
		return act(r.Context(), call{r.PathValue, r.URL.Query()}, in)
	})
}

// jsonReason tells what is wrong without quoting the request.
func jsonReason(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return wrong.Field + " can not be a " + wrong.Value
	}
	return "syntax"
}

// queryTime reads a time of a query: RFC 3339 or seconds; zero if none.
func (c call) queryTime(name string) (time.Time, error) {
	given := c.query.Get(name)
	if given == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, given); err == nil {
		return t, nil
	}
	seconds, err := strconv.ParseFloat(given, 64)
	const farthest = 253402300800 // the year 10000
	if err != nil || math.Abs(seconds) > farthest {
		return time.Time{}, badRequest("%s is not a time.", name)
	}
	return time.UnixMilli(int64(seconds * 1000)), nil
}

// pageOf reads the paging of a query.
func (c call) pageOf() (token string, size int, err error) {
	if given := c.query.Get("PageSize"); given != "" {
		if size, err = strconv.Atoi(given); err != nil {
			return "", 0, badRequest("PageSize is not a number.")
		}
	}
	return c.query.Get("NextToken"), size, nil
}

// listInput is the paging of the List operations that newer clients send as a
// body, older ones as a query.
type listInput struct {
	NextToken string
	PageSize  int
	Filter    map[string]string
}

// pageIn reads the paging from body or query.
func (c call) pageIn(in listInput) (token string, size int, err error) {
	if len(in.Filter) > 0 {
		return "", 0, badRequest("The local SES does not know Filter.")
	}
	if in.NextToken != "" || in.PageSize != 0 {
		return in.NextToken, in.PageSize, nil
	}
	return c.pageOf()
}

// tagList is tags as the wire has them.
type tagList []wireTag

type wireTag struct{ Key, Value string }

func (l tagList) asMap() map[string]string {
	if len(l) == 0 {
		return nil
	}
	tags := make(map[string]string, len(l))
	for _, t := range l {
		tags[t.Key] = t.Value
	}
	return tags
}

func tagsOf(tags map[string]string) tagList {
	list := tagList{}
	for _, key := range sortedKeys(tags) {
		list = append(list, wireTag{key, tags[key]})
	}
	return list
}
