package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// route is one method of one path, as API Gateway names it.
type route struct {
	key string
	// public: whoever holds the signed token may call it.
	public bool
	// takes is the media type of the body; "" is no body.
	takes  string
	handle func(*Handler, context.Context, *call) (response, error)
}

const (
	mediaJSON    = "application/json"
	mediaProblem = "application/problem+json"
	mediaForm    = "application/x-www-form-urlencoded"
	mediaPage    = "text/html"
)

// routes are all there are.
func routes() []route {
	return []route{
		{"POST /ai/generate", false, mediaJSON, (*Handler).generate},
		{"POST /requests", false, mediaJSON, (*Handler).receive},
		{"GET /requests/{id}", false, "", (*Handler).request},
		{"POST /uploads", false, mediaJSON, (*Handler).newUpload},
		{"GET /uploads/{id}", false, "", (*Handler).upload},
		{"GET /tasks", false, "", (*Handler).tasks},
		{"GET /reports/{token}", true, "", (*Handler).report},
		{"GET /unsubscribe/{token}", true, "", (*Handler).unsubscribePage},
		{"POST /unsubscribe/{token}", true, mediaForm, (*Handler).unsubscribe},
	}
}

// Routes are the keys of all routes, sorted.
func Routes() []string {
	var keys []string
	for _, r := range routes() {
		keys = append(keys, r.key)
	}
	return slices.Sorted(slices.Values(keys))
}

// find is the route that API Gateway chose. One that is not known here is looked
// for by its path, to say whether the path or only the method is wrong: a gateway
// with a catch-all route passes everything on.
func find(c *call) (route, error) {
	allowed := map[string]bool{}
	path := strings.TrimPrefix(c.RawPath, "/"+c.RequestContext.Stage)
	if c.RequestContext.Stage == "$default" {
		path = c.RawPath
	}
	for _, r := range routes() {
		if r.key == c.RouteKey {
			return r, nil
		}
		method, pattern, _ := strings.Cut(r.key, " ")
		variables, fits := match(pattern, path)
		if fits && method == c.RequestContext.HTTP.Method {
			c.PathParameters = variables
			return r, nil
		}
		if fits {
			allowed[method] = true
		}
	}
	if len(allowed) == 0 {
		return route{}, refuse(notFound, "there is no such route")
	}
	p := refuse(methodNotAllowed, "the route has no such method")
	p.headers = map[string]string{"allow": strings.Join(slices.Sorted(maps.Keys(allowed)), ", ")}
	return route{}, p
}

// match compares a path with a pattern such as /requests/{id}.
func match(pattern, path string) (map[string]string, bool) {
	parts, given := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(parts) != len(given) {
		return nil, false
	}
	variables := map[string]string{}
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, "{") && given[i] != "":
			variables[strings.Trim(part, "{}")] = given[i]
		case part != given[i]:
			return nil, false
		}
	}
	return variables, true
}

// header is a header's value, "" if there is none. API Gateway writes names in
// lower case and joins the values of one name with commas.
func (c *call) header(name string) string {
	if value, found := c.Headers[strings.ToLower(name)]; found {
		return value
	}
	for given, value := range c.Headers {
		if http.CanonicalHeaderKey(given) == http.CanonicalHeaderKey(name) {
			return value
		}
	}
	return ""
}
