package apigateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CORS lets web pages of other origins call the API. Without origins there is
// none of it, and what the functions say of it is passed on.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	// Origins are scheme://host[:port], or * for all of them.
	Origins []string
	// Methods and Headers are what a page may use; * for all.
	Methods, Headers []string
	// Expose are the headers of an answer that a page may read.
	Expose []string
	// MaxAge is how long a browser may remember this.
	MaxAge time.Duration
	// Credentials lets cookies and authorisation be sent along.
	Credentials bool
}

// allowed is what Access-Control-Allow-Origin says to an origin; "" if it may not
// call.
func (c CORS) allowed(origin string) string {
	switch {
	case origin == "":
		return ""
	case slices.Contains(c.Origins, "*"):
		return "*"
	case slices.ContainsFunc(c.Origins, func(o string) bool { return strings.EqualFold(o, origin) }):
		return origin
	}
	return ""
}

// preflight tells whether a browser asks with the request what it may do.
func (c CORS) preflight(r *http.Request) bool {
	return len(c.Origins) > 0 && r.Method == http.MethodOptions && r.Header.Get("Origin") != "" && r.Header.Get("Access-Control-Request-Method") != ""
}

// permit answers a preflight: to an origin that may call with what it may do, to
// others with nothing.
func (c CORS) permit(h http.Header, origin string) {
	c.mark(h, origin)
	if c.allowed(origin) == "" {
		return
	}
	set := func(name string, values []string) {
		if len(values) > 0 {
			h.Set(name, strings.Join(values, ","))
		}
	}
	set("Access-Control-Allow-Methods", c.Methods)
	set("Access-Control-Allow-Headers", c.Headers)
	if c.MaxAge > 0 {
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(c.MaxAge.Seconds())))
	}
}

// mark puts on an answer what a page needs to read it. What the function said of
// this is dropped, as API Gateway drops it once it has a configuration.
func (c CORS) mark(h http.Header, origin string) {
	if len(c.Origins) == 0 {
		return
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") {
			h.Del(name)
		}
	}
	allowed := c.allowed(origin)
	if allowed == "" {
		return
	}
	h.Set("Access-Control-Allow-Origin", allowed)
	if allowed != "*" {
		h.Add("Vary", "Origin")
	}
	if c.Credentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.Expose) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.Join(c.Expose, ","))
	}
}
