package s3

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

// meanwhile is a body during whose arrival something else happens.
type meanwhile struct {
	io.Reader
	do func()
}

func (m *meanwhile) Read(p []byte) (int, error) {
	if m.do != nil {
		m.do()
		m.do = nil
	}
	return m.Reader.Read(p)
}

func TestADeleteDecidesConditionalWritesOnTheirWay(t *testing.T) {
	m := inMemory(t)
	ctx := t.Context()
	remove := func() error { return m.state.Delete(ctx, testBucket, "k", Conditions{}, "DeleteObject", Origin{}) }
	write := func(c Conditions, during func() error) int {
		body := &meanwhile{strings.NewReader("new"), func() {
			if err := during(); err != nil {
				t.Error(err)
			}
		}}
		_, err := m.state.Put(ctx, Write{Bucket: testBucket, Key: "k", Body: body, Size: 3, If: c})
		var refused *Error
		if errors.As(err, &refused) {
			return refused.Status
		}
		return http.StatusOK
	}
	nothing := func() error { return nil }
	replace := func() error { m.put(t, "k", "other"); return nil }
	deleteAndReplace := func() error { return errors.Join(remove(), replace()) }

	for _, c := range []struct {
		name   string
		before string // the object's content, "" for none
		during func() error
		create int // If-None-Match: *
		update int // If-Match: the object's ETag
		plain  int
	}{
		{"nothing happens to nothing", "", nothing, 200, 404, 200},
		{"nothing happens to an object", "old", nothing, 412, 200, 200},
		{"an object is deleted", "old", remove, 409, 404, 200},
		{"nothing is deleted", "", remove, 409, 404, 200},
		{"an object is replaced", "old", replace, 412, 412, 200},
		{"an object is deleted and replaced", "old", deleteAndReplace, 412, 412, 200},
		{"an object is deleted and comes back", "other", deleteAndReplace, 412, 409, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			for condition, want := range map[Conditions]int{{IfNoneMatch: "*"}: c.create, {IfMatch: md5Hex(c.before)}: c.update, {}: c.plain} {
				if err := remove(); err != nil {
					t.Fatal(err)
				}
				if c.before != "" {
					m.put(t, "k", c.before)
				}
				if got := write(condition, c.during); got != want {
					t.Errorf("%+v: %d, want %d", condition, got, want)
				}
			}
		})
	}
	if len(m.state.contests) != 0 {
		t.Errorf("%d keys are still watched", len(m.state.contests))
	}
}
