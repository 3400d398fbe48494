package erasure

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"sluice/events"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// The defaults are the bucket's lifecycle rules, which are written down once more
// in Terraform.
func TestAgesAreThoseOfTheLifecycleRules(t *testing.T) {
	raw, err := os.ReadFile("../../terraform/modules/environment/variables.tf")
	if err != nil {
		t.Fatal(err)
	}
	_, expire, _ := strings.Cut(string(raw), `variable "expire_days"`)
	expire, _, _ = strings.Cut(expire, "\n}\n")
	planned := map[string]time.Duration{}
	for _, found := range regexp.MustCompile(`"([a-z]+/)" *= (\d+)`).FindAllStringSubmatch(expire, -1) {
		n, _ := strconv.Atoi(found[2])
		planned[found[1]] = time.Duration(n) * day
	}
	if diff := gocmp.Diff(planned, Ages); diff != "" {
		t.Errorf("(-Terraform +here)\n%s", diff)
	}
	if !regexp.MustCompile(`(?s)variable "noncurrent_days" \{[^}]*default += 7\n`).Match(raw) || NoncurrentAge != 7*day {
		t.Error("noncurrent_days is another")
	}
	storage, err := os.ReadFile("../../terraform/modules/storage/main.tf")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`days_after_initiation = 3\n`).Match(storage) || UnfinishedAge != 3*day {
		t.Error("days_after_initiation is another")
	}
}

func TestWhatIsNoCleaning(t *testing.T) {
	for name, tt := range map[string]struct {
		Cleaning
		protected bool
	}{
		"no prefix":           {Cleaning{Prefixes: []string{""}, OlderThan: day}, false},
		"half a name":         {Cleaning{Prefixes: []string{"up"}, OlderThan: day}, false},
		"from the root":       {Cleaning{Prefixes: []string{"/uploads/"}, OlderThan: day}, false},
		"no age":              {Cleaning{Prefixes: []string{"parked/"}}, false},
		"a negative age":      {Cleaning{Prefixes: []string{"answers/"}, OlderThan: -day}, false},
		"protected":           {Cleaning{Prefixes: []string{"answers/", "tasks/"}, OlderThan: day}, true},
		"a part of it":        {Cleaning{Prefixes: []string{"suppressions/a"}, OlderThan: day}, true},
		"forced, but no age":  {Cleaning{Prefixes: []string{"reputation/"}, Force: true}, false},
		"another one's inner": {Cleaning{Prefixes: []string{"answers/", "answers"}, OlderThan: day}, false},
	} {
		b := filled(true)
		before := b.text()
		_, err := New(b, "b").Clean(t.Context(), tt.Cleaning, noon)
		if err == nil || errors.Is(err, ErrProtected) != tt.protected || b.text() != before || tt.Valid() == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is written while it is cleaned stays, where the bucket keeps no versions.
func TestWhatIsWrittenMeanwhileStays(t *testing.T) {
	b := &racing{bucket{objects: map[string][]stored{}, clock: noon.Add(-40 * day)}}
	b.put("answers/a", "old")
	b.put("answers/b", "old")
	all, err := New(b, "b").Clean(t.Context(), Cleaning{Prefixes: []string{"answers/"}}, noon)
	if err != nil || len(all) != 1 || all[0].Objects != 1 || all[0].Bytes != 3 {
		t.Errorf("%+v, %v", all, err)
	}
	if text := b.text(); text != "answers/a: new\n" {
		t.Errorf("left:\n%s", text)
	}
}

// racing is a bucket where somebody writes answers/a just before it is removed.
type racing struct{ bucket }

func (b *racing) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput, options ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	b.put("answers/a", "new")
	return b.bucket.DeleteObjects(ctx, in, options...)
}

func TestAFailureIsToldWithWhatWentBefore(t *testing.T) {
	b := &failing{bucket{objects: map[string][]stored{}, clock: noon.Add(-400 * day)}}
	b.put("answers/a", "x")
	b.put("results/dt=2026-03-04/acme/r.json", "x")
	all, err := New(b, "b").Clean(t.Context(), Cleaning{}, noon)
	if err == nil || len(all) == 0 || all[0].Objects != 1 || len(b.objects["results/dt=2026-03-04/acme/r.json"]) != 1 {
		t.Errorf("%+v, %v", all, err)
	}
}

// S3 tells times to the second, and objects apart from marks: of an object and a
// mark within the same one nobody can tell which came first. Whichever goes, what
// one sees stays what it was.
func TestWithinTheSameSecond(t *testing.T) {
	b := &bucket{versioned: true, objects: map[string][]stored{}, clock: noon.Add(-2 * day)}
	b.put("answers/a", "x")
	b.mark("answers/a")
	b.clock = noon
	b.put("answers/a", "new")
	all, err := New(b, "b").Clean(t.Context(), Cleaning{Prefixes: []string{"answers/"}, OlderThan: day}, noon.Add(time.Hour))
	left := b.objects["answers/a"]
	if err != nil || all[0].OldVersions+all[0].Markers != 1 || len(left) != 2 || string(left[1].body) != "new" {
		t.Errorf("%+v, %v, left %+v", all, err, left)
	}
	all, err = New(b, "b").Clean(t.Context(), Cleaning{Prefixes: []string{"answers/"}, OlderThan: day}, noon.Add(Waiting+day))
	if err != nil || all[0].Objects+all[0].OldVersions+all[0].Markers != 2 || len(b.objects["answers/a"]) != 0 {
		t.Errorf("%+v, %v, left %+v", all, err, b.objects)
	}
}

// failing deletes no results.
type failing struct{ bucket }

func (b *failing) DeleteObjects(ctx context.Context, in *s3.DeleteObjectsInput, options ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	if strings.HasPrefix(*in.Delete.Objects[0].Key, "results/") {
		return nil, refused(503)
	}
	return b.bucket.DeleteObjects(ctx, in, options...)
}

// world is a bucket of random objects, and what is true of each key.
type world struct {
	*bucket
	// flies are keys whose objects are in flight whatever their age, young those that
	// are while they are younger than [Waiting].
	flies, young map[string]bool
}

// randomWorld has requests and uploads in every stage, of any age.
func randomWorld(t *rapid.T) *world {
	w := &world{&bucket{versioned: rapid.Bool().Draw(t, "versioned"), objects: map[string][]stored{}, page: rapid.IntRange(1, 7).Draw(t, "page")},
		map[string]bool{}, map[string]bool{}}
	for i := range rapid.IntRange(0, 4).Draw(t, "requests") {
		id, open := fmt.Sprint("r", i), rapid.Bool().Draw(t, "open")
		outcome := map[bool]string{true: "", false: "completed"}[open]
		w.write(t, "requests/acme/"+id+".json", fmt.Sprintf(`{"requestId":%q,"tenant":"acme","outcome":%q}`, id, outcome), open)
		w.write(t, "results/dt=2026-01-01/acme/"+id+".json", "x", open)
		w.write(t, "parked/acme/"+id+"/1.json", "x", open)
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "uploads") {
		w.upload(t, i)
	}
	for _, key := range []string{"answers/a", "answers/b", "payloads/acme/p", "claims/mail/m", "uploads/beta/classify/never-heard-of.csv", "uploads/acme/classify/0.csv.sluice.json"} {
		w.write(t, key, "x", false)
		w.young[key] = true
	}
	today, before := noon.Format(time.DateOnly), noon.Add(-2*day).Format(time.DateOnly)
	w.write(t, "budgets/environment/"+today+".json", "x", true)
	w.write(t, "budgets/tenants/acme/"+before+".json", "x", false)
	for _, key := range []string{"tasks/t.json", "suppressions/s", "reputation/state.json", "batches/in.jsonl", "no-folder", "requests/acme/damaged.json", "answersx/a", "results/odd", "results/dt=2026-01-01/upload=none/s.ndjson"} {
		w.write(t, key, "{", false)
	}
	for _, key := range []string{"uploads/acme/classify/large.csv", "tasks/t.json", "answers/z"} {
		w.uploads = append(w.uploads, begun{key: key, id: fmt.Sprint("m", len(w.uploads)), parts: []int64{5, 6}, at: w.moment(t)})
	}
	return w
}

func (w *world) moment(t *rapid.T) time.Time {
	hours := rapid.OneOf(rapid.IntRange(0, 72), rapid.IntRange(0, 24*500)).Draw(t, "hours")
	return noon.Add(-time.Duration(hours) * time.Hour)
}

// write puts an object, and perhaps overwrites it, deletes it, and puts it again.
func (w *world) write(t *rapid.T, key, body string, flies bool) {
	if flies {
		w.flies[key] = true
	}
	times := 1
	if w.versioned {
		times = rapid.IntRange(1, 3).Draw(t, "times")
	}
	var moments []time.Time
	for range times {
		moments = append(moments, w.moment(t))
	}
	slices.SortFunc(moments, time.Time.Compare)
	for i, at := range moments {
		w.clock = at.Add(time.Duration(i-times) * time.Second) // no two within the same one: see TestWithinTheSameSecond
		if i > 0 && rapid.Bool().Draw(t, "mark") && !strings.HasPrefix(key, "requests/") && !strings.HasPrefix(key, "progress/") {
			w.mark(key)
			continue
		}
		w.put(key, body)
	}
}

// upload is one that was taken in, read to its end, reported, or parked.
func (w *world) upload(t *rapid.T, i int) {
	const body = "text\none\n"
	file := fmt.Sprintf("uploads/acme/classify/%d.csv", i)
	id := upload.ID("b", file, etagOf([]byte(body)))
	intake := fmt.Sprintf(`{"id":%q,"tenant":"acme","done":true,"definition":{"notify":{"email":["a@example.com"]}}}`, id)
	all := requests.Progress{UploadID: id, Received: &events.UploadReceived{Records: 1}, Outcomes: map[events.Outcome]*requests.Set{events.Completed: new(requests.Set).With(1)}}
	stages := map[string]*requests.Progress{"taken": nil, "read": {UploadID: id, Received: all.Received}, "ended": &all}
	reported := all
	reported.Done = &requests.Done{Said: requests.Settled}
	stages["unreported"] = &reported
	over := reported
	over.Reported = true
	stages["over"], stages["parked"] = &over, &requests.Progress{UploadID: id, Parked: "parked/acme/" + id + "/1.json"}
	stage := rapid.SampledFrom(slices.Sorted(maps.Keys(stages))).Draw(t, "stage")
	flies := stage != "over" && stage != "parked"
	w.write(t, "progress/"+id+"/ingest.json", intake, flies)
	if p := stages[stage]; p != nil {
		track, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		w.write(t, "progress/"+id+"/track.json", string(track), flies)
	}
	w.write(t, file, body, flies)
	w.write(t, "results/dt=2026-01-01/upload="+id+"/s.ndjson", "x", flies)
	w.write(t, "reports/acme/"+id+"/results.csv", "x", flies)
	w.write(t, "parked/acme/"+id+"-1/1.json", "x", flies)
}

// goes tells whether a version goes, from what is true of the world alone; before
// is the one that took its place.
func (w *world) goes(c Cleaning, e entry, before *entry) bool {
	top, _, folder := strings.Cut(e.key, "/")
	age := Ages[top+"/"]
	chosen := len(c.Prefixes) == 0 && age > 0
	if c.OlderThan > 0 {
		age = c.OlderThan
	}
	for _, prefix := range c.Prefixes {
		chosen = chosen || strings.HasPrefix(e.key, prefix)
	}
	switch {
	case !chosen || !folder || age == 0 || !c.Force && slices.Contains(Protected, top+"/"):
		return false
	case before != nil && c.OlderThan == 0:
		return noon.Sub(before.one.modified) >= min(NoncurrentAge, age)
	case before != nil:
		return noon.Sub(before.one.modified) >= age
	}
	held := !e.one.mark && !c.Force && (w.flies[e.key] || w.young[e.key] && noon.Sub(e.one.modified) < Waiting)
	return noon.Sub(e.one.modified) >= age && !held
}

// Exactly what is old goes, of the chosen prefixes and of nothing else; nothing in
// flight, and nothing protected; and what was hidden does not come back. A dry
// run counts the same and changes nothing.
func TestExactlyWhatIsOldGoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		c := Cleaning{Force: rapid.Bool().Draw(t, "force"), OlderThan: time.Duration(rapid.SampledFrom([]int{0, 1, 24, 24 * 15, 24 * 100}).Draw(t, "age")) * time.Hour}
		choice := []string{"uploads/", "uploads/acme/", "answers/", "requests/", "results/", "progress/", "parked/", "budgets/", "batches/", "claims/", "payloads/", "reports/"}
		if c.Force {
			choice = append(choice, Protected...)
		}
		if c.OlderThan > 0 {
			c.Prefixes = rapid.SliceOfN(rapid.SampledFrom(choice), 0, 4).Draw(t, "prefixes")
		}
		want, seen, bytes := map[string]bool{}, w.list(), int64(0)
		for i, e := range seen {
			var before *entry
			if !e.latest {
				before = &seen[i-1]
			}
			if w.goes(c, e, before) {
				want[e.key+" "+e.one.id] = true
				bytes += int64(len(e.one.body))
			}
		}
		left := slices.DeleteFunc(slices.Clone(w.uploads), func(u begun) bool {
			goes := w.goes(Cleaning{c.Prefixes, cmp.Or(c.OlderThan, UnfinishedAge), true, false}, entry{u.key, stored{modified: u.at}, true}, nil) &&
				(c.Force || !strings.HasPrefix(u.key, "tasks/"))
			if goes {
				bytes += 11
			}
			return goes
		})

		dry := c
		dry.Dry = true
		counted, err := New(w, "b").Clean(t.Context(), dry, noon)
		if err != nil || !slices.EqualFunc(seen, w.list(), func(a, b entry) bool { return a.key == b.key && a.one.id == b.one.id }) {
			t.Fatalf("a dry run: %v", err)
		}
		freed, err := New(w, "b").Clean(t.Context(), c, noon)
		if err != nil {
			t.Fatal(err)
		}
		if diff := gocmp.Diff(counted, freed); diff != "" {
			t.Errorf("(-dry +real)\n%s", diff)
		}
		gone := map[string]bool{}
		for _, e := range seen {
			if !slices.ContainsFunc(w.list(), func(o entry) bool { return o.key == e.key && o.one.id == e.one.id }) {
				gone[e.key+" "+e.one.id] = true
			}
		}
		if diff := gocmp.Diff(want, gone); diff != "" {
			t.Errorf("%+v: gone (-want +got)\n%s", c, diff)
		}
		if diff := gocmp.Diff(left, w.uploads, gocmp.AllowUnexported(begun{}), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%+v: unfinished (-want +got)\n%s", c, diff)
		}
		w.nothingComesBack(t, seen)
		total := Freed{}
		for _, f := range freed {
			total.Bytes += f.Bytes
			total.Objects += f.Objects + f.OldVersions + f.Markers
		}
		if total.Bytes != bytes || total.Objects != len(want) {
			t.Errorf("%+v: told %d bytes in %d versions, want %d in %d", c, total.Bytes, total.Objects, bytes, len(want))
		}
	})
}

// nothingComesBack: what one sees under a key is what it was, or nothing.
func (w *world) nothingComesBack(t *rapid.T, seen []entry) {
	current := map[string]string{}
	for _, e := range seen {
		if e.latest {
			current[e.key] = e.one.id
		}
	}
	for _, e := range w.list() {
		if e.latest && e.one.id != current[e.key] {
			t.Errorf("%s came back", e.key)
		}
	}
}
