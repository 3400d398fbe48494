package erasure

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	uploadID  = "uaaaaaaaaaaaaaaaaaaaaaaaa"
	otherFile = "ubbbbbbbbbbbbbbbbbbbbbbbb"
)

// filled is a bucket with what the functions write: of two tenants, of single
// requests and of uploads, with older versions and marks where it keeps them.
func filled(versioned bool) *bucket {
	b := &bucket{versioned: versioned, objects: map[string][]stored{}}
	line := func(tenant, id, text string) string {
		return fmt.Sprintf(`{"requestId":%q,"tenant":%q,"answer":%q}`+"\n", id, tenant, text)
	}
	for _, tenant := range []string{"acme", "beta"} {
		text := tenant + "-secret"
		file := uploadID
		if tenant == "beta" {
			file = otherFile
		}
		for range 2 { // the second time it is another version
			b.put("uploads/"+tenant+"/classify/a.csv", text)
			b.put("uploads/"+tenant+"/classify/a.csv.sluice.json", text)
			b.put("payloads/"+tenant+"/abc", text)
			b.put("requests/"+tenant+"/r1.json", line(tenant, "r1", text))
			b.put("requests/"+tenant+"/r2.json", line(tenant, "r2", text))
			b.put("answers/"+tenant+"1", line(tenant, "r1", text))
			b.put("answers/"+tenant+"2", fmt.Sprintf(`{"tenant":%q,"requestId":"r9","failures":{"r2":{}},"answer":%q}`, tenant, text))
			b.put("answers/"+tenant+"3", line(tenant, file+"-1", text))
			b.put("answers/bundles/"+tenant, line(tenant, file+"-1", text)+line(tenant, file+"-12", text+"-12"))
			b.put("results/dt=2026-03-04/"+tenant+"/r1.json", line(tenant, "r1", text))
			b.put("results/dt=2026-03-04/"+tenant+"/r2.json", line(tenant, "r2", text))
			b.put("results/dt=2026-03-04/upload="+file+"/x.ndjson", line(tenant, file+"-1", text)+line(tenant, file+"-12", text+"-12"))
			b.put("reports/"+tenant+"/"+file+"/results.csv", text)
			b.put("progress/"+file+"/ingest.json", fmt.Sprintf(`{"id":%q,"tenant":%q,"done":true,"file":{"key":"uploads/%s/classify/a.csv","etag":"%x"}}`, file, tenant, tenant, text))
			b.put("progress/"+file+"/problems/p.ndjson", `{"position":1}`)
			b.put("progress/"+file+"/track.json", fmt.Sprintf(`{"tenant":%q}`, tenant))
			b.put("parked/"+tenant+"/r1/1.json", text)
			b.put("parked/"+tenant+"/"+file+"-1/1.json", text)
			b.put("batches/"+tenant, line(tenant, "r1", text)) // a prefix that nobody told us of
		}
	}
	b.put("suppressions/key", `{"reason":"complaint"}`)
	b.put("claims/mail/x", `{"state":"SENT"}`)
	b.put("budgets/2026-03-04.json", `{"tenant":"acme"}`)
	if versioned {
		b.mark("payloads/acme/abc")
		b.mark("results/dt=2026-03-04/acme/r1.json")
	}
	for _, tenant := range []string{"acme", "beta"} {
		b.uploads = append(b.uploads, begun{key: "uploads/" + tenant + "/classify/large.csv", id: tenant, parts: []int64{5, 6}})
	}
	return b
}

// gone are the keys that are there no more.
func gone(before, after []string) []string {
	var all []string
	for _, key := range before {
		if !slices.Contains(after, key) {
			all = append(all, key)
		}
	}
	return all
}

func TestATenantIsForgotten(t *testing.T) {
	for _, versioned := range []bool{false, true} {
		b := filled(versioned)
		beta := strings.Count(b.text(), "beta-secret")
		counts, err := New(b, "b").Erase(t.Context(), Subject{Tenant: "acme"}, false)
		if err != nil {
			t.Fatal(err)
		}
		if text := b.text(); strings.Contains(text, "acme-secret") || strings.Contains(text, "/acme/") || strings.Contains(text, uploadID) {
			t.Errorf("versions %v: left\n%s", versioned, text)
		}
		if n := strings.Count(b.text(), "beta-secret"); n != beta {
			t.Errorf("versions %v: of the other tenant %d of %d are there", versioned, n, beta)
		}
		if len(b.uploads) != 1 || b.uploads[0].id != "beta" {
			t.Errorf("unfinished uploads that are left: %v", b.uploads)
		}
		for _, key := range []string{"suppressions/key", "claims/mail/x", "budgets/2026-03-04.json"} {
			if len(b.objects[key]) == 0 {
				t.Errorf("%s is gone", key)
			}
		}
		for _, c := range counts {
			if c.Left > 0 {
				t.Errorf("%+v", c)
			}
		}
	}
}

func TestARequestIsForgottenAndNothingElse(t *testing.T) {
	for name, tt := range map[string]struct {
		id     string
		gone   []string
		within string // what is left of a segment and of a bundle
	}{
		"single": {"r1", []string{"answers/acme1", "batches/acme", "parked/acme/r1/1.json", "requests/acme/r1.json", "results/dt=2026-03-04/acme/r1.json"}, ""},
		"failed": {"r2", []string{"answers/acme2", "requests/acme/r2.json", "results/dt=2026-03-04/acme/r2.json"}, ""},
		"record": {uploadID + "-1", []string{"answers/acme3", "parked/acme/" + uploadID + "-1/1.json", "reports/acme/" + uploadID + "/results.csv",
			"uploads/acme/classify/a.csv", "uploads/acme/classify/a.csv.sluice.json"}, "acme-secret-12"},
		"upload": {uploadID, []string{"answers/acme3", "answers/bundles/acme", "parked/acme/" + uploadID + "-1/1.json", "progress/" + uploadID + "/ingest.json",
			"progress/" + uploadID + "/problems/p.ndjson", "progress/" + uploadID + "/track.json", "reports/acme/" + uploadID + "/results.csv",
			"results/dt=2026-03-04/upload=" + uploadID + "/x.ndjson", "uploads/acme/classify/a.csv", "uploads/acme/classify/a.csv.sluice.json"}, ""},
		"unknown": {"r7", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for _, versioned := range []bool{false, true} {
				b := filled(versioned)
				before := b.keys()
				if _, err := New(b, "b").Erase(t.Context(), Subject{Tenant: "acme", Request: tt.id}, true); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(before, b.keys()); diff != "" {
					t.Fatalf("a dry run changed: %s", diff)
				}
				counts, err := New(b, "b").Erase(t.Context(), Subject{Tenant: "acme", Request: tt.id}, false)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.gone, gone(before, b.keys())); diff != "" {
					t.Errorf("versions %v: gone (-want +got):\n%s", versioned, diff)
				}
				for _, c := range counts {
					if c.Left > 0 {
						t.Errorf("%+v", c)
					}
				}
				for _, key := range []string{"results/dt=2026-03-04/upload=" + uploadID + "/x.ndjson", "answers/bundles/acme"} {
					shared := b.objects[key]
					if tt.within != "" && (len(shared) != 1 || strings.Count(string(shared[0].body), "\n") != 1 || !strings.Contains(string(shared[0].body), tt.within)) {
						t.Errorf("versions %v: %s holds %+v", versioned, key, shared)
					}
				}
			}
		})
	}
}

func TestWhoseDataMustBeSaidWell(t *testing.T) {
	b := filled(false)
	for _, s := range []Subject{{}, {Tenant: "No"}, {Tenant: "acme", Request: "../x"}, {Tenant: "beta", Request: uploadID}, {Tenant: "../acme"}} {
		if _, err := New(b, "b").Erase(t.Context(), s, false); err == nil {
			t.Errorf("%+v was erased", s)
		}
	}
	b.put("progress/"+uploadID+"/ingest.json", fmt.Sprintf(`{"id":%q,"tenant":"acme"}`, uploadID))
	if _, err := New(b, "b").Erase(t.Context(), Subject{Tenant: "acme", Request: uploadID}, false); err == nil {
		t.Error("an upload that is still read was erased")
	}
}
