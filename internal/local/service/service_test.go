package service

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"testing"
	"time"
)

func TestDefaultsStandInForZeroValues(t *testing.T) {
	c := Config{}.WithDefaults()
	if c.Account != "000000000000" || c.Region != "us-east-1" {
		t.Errorf("account %q in %q", c.Account, c.Region)
	}
	if before := time.Now(); c.Now().Before(before) {
		t.Error("the clock is not the machine's")
	}
	c.Log.Error("nobody hears this")
}

func TestWhatIsGivenStays(t *testing.T) {
	at, log := time.Unix(1, 0), slog.New(slog.DiscardHandler)
	c := Config{Account: "123456789012", Region: "eu-west-1", Now: func() time.Time { return at }, Log: log}.WithDefaults()
	if c.Account != "123456789012" || c.Region != "eu-west-1" || !c.Now().Equal(at) || c.Log != log {
		t.Errorf("%+v", c)
	}
}

func TestARefusal(t *testing.T) {
	other := Error{Code: "Internal", Message: "broken", Status: http.StatusInternalServerError}
	for name, c := range map[string]struct {
		err  error
		want Error
	}{
		"of another kind": {errors.New("disk full"), other},
		"wrapped":         {fmt.Errorf("create: %w", Refuse(http.StatusNotFound, "NotFound", "no %q", "x")), Error{Code: "NotFound", Message: `no "x"`, Status: http.StatusNotFound}},
		"without status":  {&Error{Code: "Bad", Message: "100% wrong"}, Error{Code: "Bad", Message: "100% wrong", Status: http.StatusBadRequest}},
	} {
		if got := Refusal(c.err, other); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

func TestARefusalLeavesTheErrorAsItIs(t *testing.T) {
	e := &Error{Code: "Bad"}
	if Refusal(e, Error{}); e.Status != 0 {
		t.Error("the error was changed")
	}
}

func TestWhatMaySucceedLater(t *testing.T) {
	for _, c := range []struct {
		err  Error
		want bool
	}{
		{Error{}, false},
		{Error{Status: http.StatusConflict}, false},
		{Error{Passing: true}, true},
		{Error{Status: http.StatusInternalServerError}, true},
		{Error{Status: http.StatusServiceUnavailable}, true},
	} {
		if c.err.Retryable() != c.want {
			t.Errorf("%+v: %v", c.err, !c.want)
		}
	}
}

func TestANewIDIsAUUIDOfVersion4(t *testing.T) {
	shape := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 100 {
		id := NewID()
		if !shape.MatchString(id) || seen[id] {
			t.Fatalf("id %q (seen: %v)", id, seen[id])
		}
		seen[id] = true
	}
}
