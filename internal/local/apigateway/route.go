package apigateway

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// defaultKey is the route of whatever no other takes.
const defaultKey = "$default"

// anyMethod stands for every method that a path has no route for.
const anyMethod = "ANY"

// route is a route key and the function behind it.
type route struct {
	// key is "METHOD /path", as it was given, or $default.
	key, function string
	method        string
	parts         []part
	// public routes are for everybody.
	public bool
}

// part is what stands between two slashes: text, {name} or, at the end, {name+}.
type part struct {
	text, name string
	greedy     bool
}

// table is all routes, the more specific ones first.
type table []route

// variable is {name} or {name+}.
var variable = regexp.MustCompile(`^\{([A-Za-z0-9._-]+)(\+?)\}$`)

// methods are those that a route key may name.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", anyMethod}

// readTable reads routes by their key. The error lists every key that is none.
func readTable(routes map[string]string, public func(key string) bool) (table, error) {
	var t table
	var errs []error
	for _, key := range slices.Sorted(maps.Keys(routes)) {
		r, err := readRoute(key)
		if err != nil {
			errs = append(errs, fmt.Errorf("route %q: %w", key, err))
			continue
		}
		r.function, r.public = routes[key], public(key)
		t = append(t, r)
	}
	slices.SortStableFunc(t, moreSpecific)
	return t, errors.Join(errs...)
}

func readRoute(key string) (route, error) {
	r := route{key: key}
	if key == defaultKey {
		return r, nil
	}
	method, path, found := strings.Cut(key, " ")
	if !found || !slices.Contains(methods, method) {
		return r, fmt.Errorf("it is neither $default nor begins with one of %s and a space", strings.Join(methods, ", "))
	}
	if !strings.HasPrefix(path, "/") || path != "/" && strings.HasSuffix(path, "/") {
		return r, errors.New("the path does not begin with a slash, or ends with one")
	}
	r.method = method
	pieces := split(path)
	for i, piece := range pieces {
		p := part{text: piece}
		if found := variable.FindStringSubmatch(piece); found != nil {
			p = part{name: found[1], greedy: found[2] != ""}
		} else if strings.ContainsAny(piece, "{}") {
			return r, fmt.Errorf("%s is neither text nor {name} nor {name+}", piece)
		}
		if p.greedy && i != len(pieces)-1 {
			return r, fmt.Errorf("%s is greedy and not the last", piece)
		}
		r.parts = append(r.parts, p)
	}
	return r, nil
}

// split is what stands between the slashes of a path: nothing for "/".
func split(path string) []string {
	if path == "/" || path == "" {
		return nil
	}
	return strings.Split(strings.TrimPrefix(path, "/"), "/")
}

// moreSpecific puts routes in the order in which API Gateway asks them: those that
// match the whole path, then greedy ones, then $default; text before a variable;
// a method before ANY.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
func moreSpecific(a, b route) int {
	if order := cmp.Compare(a.class(), b.class()); order != 0 {
		return order
	}
	for i := range min(len(a.parts), len(b.parts)) {
		if order := cmp.Compare(a.parts[i].class(), b.parts[i].class()); order != 0 {
			return order
		}
	}
	if order := cmp.Compare(len(b.parts), len(a.parts)); order != 0 {
		return order
	}
	return cmp.Compare(a.methodClass(), b.methodClass())
}

func (r route) class() int {
	switch {
	case r.key == defaultKey:
		return 2
	case len(r.parts) > 0 && r.parts[len(r.parts)-1].greedy:
		return 1
	}
	return 0
}

func (p part) class() int {
	switch {
	case p.greedy:
		return 2
	case p.name != "":
		return 1
	}
	return 0
}

func (r route) methodClass() int {
	if r.method == anyMethod {
		return 1
	}
	return 0
}

// find is the route that takes a request, and what the variables of its path
// stand for. The path is decoded: an escaped slash parts two pieces as a slash
// does.
func (t table) find(method, path string) (route, map[string]string, bool) {
	pieces := split(path)
	for _, r := range t {
		if r.key == defaultKey {
			return r, nil, true
		}
		if r.method != anyMethod && r.method != method {
			continue
		}
		if values, matches := r.match(pieces); matches {
			return r, values, true
		}
	}
	return route{}, nil, false
}

// match tells what the variables stand for; nil if the route has none.
func (r route) match(pieces []string) (map[string]string, bool) {
	greedy := r.class() == 1
	if len(pieces) < len(r.parts) || len(pieces) > len(r.parts) && !greedy {
		return nil, false
	}
	var values map[string]string
	for i, p := range r.parts {
		value := pieces[i]
		switch {
		case p.greedy:
			value = strings.Join(pieces[i:], "/")
		case p.name == "" && p.text != value, p.name != "" && value == "":
			return nil, false
		case p.name == "":
			continue
		}
		if values == nil {
			values = map[string]string{}
		}
		values[p.name] = value
	}
	return values, true
}

// begins tells whether a path begins with the text that a route begins with.
func (t table) begins(path string) bool {
	pieces := split(path)
	if len(pieces) == 0 {
		return slices.ContainsFunc(t, func(r route) bool { return r.key != defaultKey && len(r.parts) == 0 })
	}
	return slices.ContainsFunc(t, func(r route) bool { return len(r.parts) > 0 && r.parts[0].text == pieces[0] && pieces[0] != "" })
}
