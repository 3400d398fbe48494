package machine

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Pages may send and read here what they may in the cloud, and nothing else.
func TestPagesMayDoWhatTerraformLetsThem(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "..", "terraform", "modules", "api", "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	listed := func(word string, settings ...string) []string {
		var all []string
		for _, setting := range settings {
			line := regexp.MustCompile(`(?m)^\s*` + setting + ` += .*$`).Find(source)
			for _, found := range regexp.MustCompile(`"(`+word+`)"`).FindAllSubmatch(line, -1) {
				all = append(all, string(found[1]))
			}
		}
		slices.Sort(all)
		return all
	}
	cors := Options{}.cors()
	for what, lists := range map[string][2][]string{
		"methods":                      {listed("[A-Z]+", "allow_methods"), cors.Methods},
		"headers that a page sends":    {listed("[a-z][a-z0-9-]+", "allow_headers", "signature"), cors.Headers},
		"headers that a page may read": {listed("[a-z][a-z0-9-]+", "expose_headers"), cors.Expose},
	} {
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" || len(lists[0]) == 0 {
			t.Errorf("%s (-terraform +machine):\n%s", what, diff)
		}
	}
}
