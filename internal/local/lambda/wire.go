package lambda

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"sluice/internal/local/awsjson"
)

// Handler speaks Lambda's REST protocol, JSON below /2015-03-31/. Refusals carry
// X-Amzn-ErrorType and a message, as the SDKs expect them. It checks no
// signature.
// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func Handler(s *State) http.Handler {
	const mappings, functions = "/2015-03-31/event-source-mappings", "/2015-03-31/functions"
	p, mux := protocol(), http.NewServeMux()
	// The SDKs differ in the slash at the end.
	for _, end := range []string{"", "/{$}"} {
		mux.HandleFunc("GET "+mappings+end, awsjson.Handle(p, http.StatusOK, s.wireMappings))
		mux.HandleFunc("GET "+functions+end, awsjson.Handle(p, http.StatusOK, s.wireFunctions))
	}
	mux.HandleFunc("GET "+mappings+"/{id}", awsjson.Handle(p, http.StatusOK, s.wireMapping))
	mux.HandleFunc("PUT "+mappings+"/{id}", awsjson.Handle(p, http.StatusAccepted, s.wireUpdate))
	mux.HandleFunc("GET "+functions+"/{name}", awsjson.Handle(p, http.StatusOK, s.wireFunction))
	mux.HandleFunc("GET "+functions+"/{name}/configuration", awsjson.Handle(p, http.StatusOK, s.wireConfiguration))
	mux.HandleFunc("/", p.Unknown("Lambda", " Functions and mappings are those of the choreography."))
	return mux
}

func protocol() awsjson.Protocol {
	return awsjson.Protocol{
		Most: 1 << 20, Invalid: CodeParameter,
		Internal: Error{Code: CodeService, Message: "The service encountered an internal error.", Status: http.StatusInternalServerError},
		Document: func(message string) map[string]string { return map[string]string{"Type": "User", "Message": message} },
	}
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
