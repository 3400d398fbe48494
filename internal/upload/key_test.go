package upload_test

import (
	"regexp"
	"strings"
	"testing"

	"sluice/internal/upload"
)

func TestParseKey(t *testing.T) {
	for key, want := range map[string]upload.Place{
		"uploads/acme/summarize/a.jsonl":            {Tenant: "acme", Task: "summarize", Name: "a.jsonl"},
		"uploads/a-1/My_task-2/2026/11/Bản ghi.csv": {Tenant: "a-1", Task: "My_task-2", Name: "2026/11/Bản ghi.csv"},
		"uploads/acme/summarize/%2e%2e%2f a+b.txt":  {Tenant: "acme", Task: "summarize", Name: "%2e%2e%2f a+b.txt"},
		"uploads/acme/summarize/..a..":              {Tenant: "acme", Task: "summarize", Name: "..a.."},
	} {
		if got, err := upload.ParseKey(key); err != nil || got != want {
			t.Errorf("%s: %+v, %v", key, got, err)
		}
	}
	for key, want := range map[string]upload.Place{
		"":                                                    {},
		"results/acme/summarize/a":                            {},
		"uploads/a.jsonl":                                     {},
		"uploads/acme/a.jsonl":                                {Tenant: "acme"},
		"uploads/acme/summarize":                              {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/":                             {Tenant: "acme", Task: "summarize"},
		"uploads/Acme/summarize/a":                            {Task: "summarize"},
		"uploads//summarize/a":                                {Task: "summarize"},
		"uploads/acme/sum marize/a":                           {Tenant: "acme"},
		"uploads/acme//a":                                     {Tenant: "acme"},
		"uploads/../summarize/a":                              {Task: "summarize"},
		"uploads/acme/../a":                                   {Tenant: "acme"},
		"uploads/acme/summarize/../../x":                      {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/a/./b":                        {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/a//b":                         {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/a\n":                          {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/a\x00":                        {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/\xff":                         {Tenant: "acme", Task: "summarize"},
		"uploads/acme/summarize/" + strings.Repeat("x", 1002): {Tenant: "acme", Task: "summarize"},
	} {
		if got, err := upload.ParseKey(key); err == nil || got != want {
			t.Errorf("%q: %+v, %v", key, got, err)
		}
	}
}

func TestIDs(t *testing.T) {
	id := upload.ID("b", "uploads/acme/summarize/a.jsonl", "d41d8cd98f00b204e9800998ecf8427e")
	if !regexp.MustCompile(`^u[a-z2-7]{24}$`).MatchString(id) {
		t.Error(id)
	}
	if upload.ID("b", "uploads/acme/summarize/a.jsonl", `"d41d8cd98f00b204e9800998ecf8427e"`) != id {
		t.Error("quotes around the ETag change the id")
	}
	if upload.ID("b", "uploads/acme/summarize/a.jsonl", "other") == id || upload.ID("c", "uploads/acme/summarize/a.jsonl", "d41d8cd98f00b204e9800998ecf8427e") == id {
		t.Error("another object has the same id")
	}
	if got := upload.RequestID(id, 1_000_000_000); got != id+"-1000000000" || len(got) > 64 {
		t.Error(got)
	}
	key := upload.DefinitionKey("uploads/acme/summarize/a.jsonl")
	if key != "uploads/acme/summarize/a.jsonl.sluice.json" || !upload.IsDefinition(key) || upload.IsDefinition("uploads/acme/summarize/a.json") {
		t.Error(key)
	}
}

func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"uploads/acme/summarize/a.jsonl", "uploads/acme/../x", "uploads//a/b", "uploads/a/b/%2f..", "uploads/a/b/c/../d", strings.Repeat("uploads/", 200)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, key string) {
		p, err := upload.ParseKey(key)
		if strings.Contains(p.Tenant+p.Task, "/") || strings.Contains(p.Tenant+p.Task, ".") {
			t.Fatalf("%q: tenant or task is no folder's name", key)
		}
		if err != nil {
			return
		}
		if key != upload.Prefix+p.Tenant+"/"+p.Task+"/"+p.Name {
			t.Fatalf("%q is not what it was taken apart to", key)
		}
		for part := range strings.SplitSeq(key, "/") {
			if part == "" || part == "." || part == ".." || len(key) > 1024 || strings.ContainsAny(part, "\x00\r\n") {
				t.Fatalf("%q was let through", key)
			}
		}
	})
}
