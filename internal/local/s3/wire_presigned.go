package s3

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// presigned tells whether the signature is in the query, of version 4 or 2.
func (c *call) presigned() bool { return c.has("X-Amz-Signature") || c.has("Signature") }

// takeHoisted takes the headers that an SDK has moved into the query of a
// presigned URL. S3 heeds what describes the object, and neither tags nor
// checksums: the SDK for JavaScript puts that of an empty body there.
func (c *call) takeHoisted() {
	if !c.presigned() {
		return
	}
	for name, values := range c.query {
		lower := strings.ToLower(name)
		if c.get(lower) == "" && (strings.HasPrefix(lower, metadataPrefix) || slices.Contains(changingHeaders, lower)) {
			c.r.Header.Set(lower, values[0])
		}
	}
}

// expired refuses a presigned URL whose time is over. Clients still make them of
// both kinds: signature version 2 names the end, 4 the beginning and how long.
func (c *call) expired() error {
	end, err := c.presignedUntil()
	if err != nil {
		return err
	}
	if !end.IsZero() && c.state.cfg.Now().After(end) {
		return refuse(http.StatusForbidden, "AccessDenied", "Request has expired")
	}
	return nil
}

// presignedUntil is when a presigned URL ends; zero if this is none.
func (c *call) presignedUntil() (time.Time, error) {
	if c.has("Signature") && c.has("Expires") {
		seconds, err := strconv.ParseInt(c.query.Get("Expires"), 10, 64)
		if err != nil {
			return time.Time{}, refuse(http.StatusForbidden, "AccessDenied", "Invalid date (should be seconds since epoch): %s", c.query.Get("Expires"))
		}
		return time.Unix(seconds, 0), nil
	}
	seconds, date := c.query.Get("X-Amz-Expires"), c.query.Get("X-Amz-Date")
	if seconds == "" {
		return time.Time{}, nil
	}
	from, err := time.Parse("20060102T150405Z", date)
	life, wrong := time.ParseDuration(seconds + "s")
	if err != nil || wrong != nil || life < 0 || life > 7*24*time.Hour {
		return time.Time{}, refuse(http.StatusBadRequest, "AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds) and X-Amz-Date a date")
	}
	return from.Add(life), nil
}
