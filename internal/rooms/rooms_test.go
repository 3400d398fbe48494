package rooms

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pkg is what go list tells of a package.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	list := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	list.Dir = top(t)
	out, err := list.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []pkg
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// room is the top-level folder of one of our packages, "" for others'.
func room(path string) string {
	rest, ours := strings.CutPrefix(path, "sluice/")
	if !ours {
		return ""
	}
	first, _, _ := strings.Cut(rest, "/")
	return first
}

func TestImportsRunOneWay(t *testing.T) {
	may := map[string][]string{
		"functions": {"functions", "internal", "events", "schemas"},
		"cmd":       {"cmd", "internal", "events", "schemas"},
		"internal":  {"internal", "events", "schemas"},
		"events":    {"events", "schemas"},
		"schemas":   {"schemas"},
		"terraform": {}, // the program that packages functions
	}
	for _, p := range packages(t) {
		allowed, known := may[room(p.ImportPath)]
		if !known {
			t.Errorf("%s is in no room", p.ImportPath)
		}
		for _, i := range p.Imports {
			if r := room(i); r != "" && !slices.Contains(allowed, r) {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

func TestFunctionsKnowNeitherEachOtherNorTheLocalMachine(t *testing.T) {
	for _, p := range packages(t) {
		if room(p.ImportPath) != "functions" {
			continue
		}
		own := strings.Join(strings.Split(p.ImportPath, "/")[:3], "/")
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if room(i) == "functions" && i != own && !strings.HasPrefix(i, own+"/") {
				t.Errorf("%s knows the function %s", p.ImportPath, i)
			}
			if strings.HasPrefix(i, "sluice/internal/local") || strings.HasPrefix(i, "sluice/internal/sim") {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

// within lists what each room under internal may import of the others, beside
// events and schemas.
var within = map[string][]string{
	"fault": {}, "telemetry": {}, "awsclient": {},
	"objects": {"fault"},
	"claim":   {"objects", "fault"},
	"bus":     {"objects", "fault", "telemetry"},
	"consume": {"fault", "telemetry"},
	"task":    {"objects", "fault"},
	"pack":    {"task"},
	"bedrock": {"task", "fault"},
	"pacing":  {}, "ledger": {}, "links": {}, "chart": {}, "mailtag": {},
	"budget":      {"objects", "fault"},
	"mappings":    {"awsclient", "fault"},
	"workflow":    {"awsclient", "fault"},
	"suppression": {"objects", "fault"},
	"reputation":  {"objects", "fault"},
	"answers":     {"task", "pack", "pacing", "bedrock", "ledger", "budget", "objects", "fault"},
	"requests":    {"objects", "fault"},
	"admission":   {"requests", "task"},
	"results":     {"objects", "fault"},
	"upload":      {"objects", "fault"},
	"erasure":     {"objects", "requests", "upload"},
}

func TestRoomsUnderInternalKnowOnlyWhatTheyMay(t *testing.T) {
	for _, p := range packages(t) {
		rest, ours := strings.CutPrefix(p.ImportPath, "sluice/internal/")
		if !ours {
			continue
		}
		name, below, _ := strings.Cut(rest, "/")
		if name == "local" || name == "sim" || name == "rooms" || strings.HasSuffix(below, "test") {
			continue
		}
		allowed, known := within[name]
		if !known {
			t.Errorf("internal/%s has no rule", name)
		}
		for _, i := range p.Imports {
			other, ours := strings.CutPrefix(i, "sluice/internal/")
			if !ours {
				continue
			}
			other, _, _ = strings.Cut(other, "/")
			if other != name && !slices.Contains(allowed, other) {
				t.Errorf("internal/%s imports internal/%s", name, other)
			}
		}
	}
}

func TestOnlyConsumeKnowsLambdasEvents(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			if i == "github.com/aws/aws-lambda-go/events" && p.ImportPath != "sluice/internal/consume" && p.ImportPath != "sluice/functions/api" {
				t.Errorf("%s imports %s", p.ImportPath, i)
			}
		}
	}
}

func TestEveryFunctionsProgramIsShort(t *testing.T) {
	programs, err := filepath.Glob(filepath.Join(top(t), "functions", "*", "lambda", "main.go"))
	if err != nil || len(programs) == 0 {
		t.Fatalf("no programs: %v", err)
	}
	for _, path := range programs {
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if lines := bytes.Count(source, []byte("\n")); lines > 40 {
			t.Errorf("%s has %d lines, more than 40", path, lines)
		}
	}
}

func TestTheTopLevelIsWhatTheDesignSays(t *testing.T) {
	allowed := []string{"functions", "events", "schemas", "terraform", "internal", "cmd", "Makefile", "go.mod", "go.sum", "README.md", "bin"}
	entries, err := os.ReadDir(top(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(allowed, name) {
			t.Errorf("%s does not belong at the top", name)
		}
	}
}
