package environment

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestTheReadmeNamesEveryInputAndOutput(t *testing.T) {
	read := func(path ...string) []byte {
		raw, err := os.ReadFile(filepath.Join(append([]string{top, "terraform"}, path...)...))
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	readme := read("README.md")
	for file, kind := range map[string]string{"variables.tf": "variable", "outputs.tf": "output"} {
		found := regexp.MustCompile(`(?m)^`+kind+` "(\w+)"`).FindAllSubmatch(read("environments", "prod", file), -1)
		if len(found) == 0 {
			t.Errorf("%s has no %s", file, kind)
		}
		for _, name := range found {
			if !bytes.Contains(readme, []byte("`"+string(name[1])+"`")) {
				t.Errorf("the README names no %s %s", kind, name[1])
			}
		}
	}
}
