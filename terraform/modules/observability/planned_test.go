package observability

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// planned is testdata/alarms.json.
type planned struct {
	// Sources is the hash of what the definitions were made from.
	Sources string  `json:"sources"`
	Alarms  []alarm `json:"alarms"`
	// Composite is the rule of the alarm over all others.
	Composite string `json:"composite"`
}

// alarm is an aws_cloudwatch_metric_alarm.
type alarm struct {
	Name       string            `json:"alarm_name"`
	Namespace  string            `json:"namespace,omitempty"`
	Metric     string            `json:"metric_name,omitempty"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	Statistic  string            `json:"statistic,omitempty"`
	Period     int               `json:"period,omitempty"`
	Queries    []query           `json:"metric_query,omitempty"`
	Evaluate   int               `json:"evaluation_periods"`
	Breaching  int               `json:"datapoints_to_alarm,omitempty"`
	Operator   string            `json:"comparison_operator"`
	Threshold  float64           `json:"threshold"`
	Missing    string            `json:"treat_missing_data"`
}

type query struct {
	ID         string `json:"id"`
	Expression string `json:"expression,omitempty"`
	ReturnData bool   `json:"return_data"`
	Metric     []struct {
		Namespace  string            `json:"namespace"`
		Name       string            `json:"metric_name"`
		Dimensions map[string]string `json:"dimensions"`
		Stat       string            `json:"stat"`
		Period     int               `json:"period"`
	} `json:"metric,omitempty"`
}

const plannedFile = "testdata/alarms.json"

func load(t *testing.T) planned {
	t.Helper()
	raw, err := os.ReadFile(plannedFile)
	if err != nil {
		t.Fatal(err)
	}
	var p planned
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// sources is the hash of the files that say what the alarms are.
func sources(t *testing.T) string {
	t.Helper()
	hash := sha256.New()
	for _, name := range []string{"alarms.tf", "variables.tf", "tests/alarms.tftest.hcl"} {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		hash.Write(raw)
	}
	return hex.EncodeToString(hash.Sum(nil)[:12])
}

func TestTheDefinitionsAreThoseOfTheModule(t *testing.T) {
	if load(t).Sources != sources(t) {
		t.Fatalf("the alarms have changed since %s was made; make alarms makes it anew", plannedFile)
	}
}

// With SLUICE_ALARMS=write the definitions are made anew, with =check they are
// compared with what Terraform plans.
func TestTerraformPlansTheDefinitions(t *testing.T) {
	mode := os.Getenv("SLUICE_ALARMS")
	if mode == "" {
		t.Skip("SKIPPED: what Terraform plans; make alarms compares it, where terraform is on the machine")
	}
	p := planned{Sources: sources(t)}
	for _, r := range resources(t) {
		switch r.Type {
		case "aws_cloudwatch_metric_alarm":
			var a alarm
			if err := json.Unmarshal(r.Values, &a); err != nil {
				t.Fatal(err)
			}
			p.Alarms = append(p.Alarms, a)
		case "aws_cloudwatch_composite_alarm":
			var c struct {
				Rule string `json:"alarm_rule"`
			}
			if err := json.Unmarshal(r.Values, &c); err != nil {
				t.Fatal(err)
			}
			p.Composite = c.Rule
		}
	}
	slices.SortFunc(p.Alarms, func(a, b alarm) int { return strings.Compare(a.Name, b.Name) })
	var want bytes.Buffer
	encoder := json.NewEncoder(&want)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(p); err != nil {
		t.Fatal(err)
	}
	if mode == "write" {
		if err := os.WriteFile(plannedFile, want.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(plannedFile)
	if err != nil || !bytes.Equal(got, want.Bytes()) {
		t.Errorf("%s is not what Terraform plans (%v); make alarms UPDATE=1 writes it anew", plannedFile, err)
	}
}

// resource is a planned resource.
type resource struct {
	Type   string          `json:"type"`
	Values json.RawMessage `json:"values"`
}

// resources are those of the test's first run. The module is copied, so that
// nothing of Terraform's lies beside its sources.
func resources(t *testing.T) []resource {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"modules/observability", "tests/mocks"} {
		if err := os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", "..", part))); err != nil {
			t.Fatal(err)
		}
	}
	terraform := func(args ...string) []byte {
		cmd := exec.CommandContext(t.Context(), "terraform", append([]string{"-chdir=" + filepath.Join(dir, "modules", "observability")}, args...)...)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("terraform %v: %v\n%s", args, err, out)
		}
		return out
	}
	plugins := []string{}
	if at := os.Getenv("TF_PLUGIN_DIR"); at != "" {
		plugins = []string{"-plugin-dir=" + at}
	}
	terraform(append([]string{"init", "-input=false"}, plugins...)...)
	lines := bufio.NewScanner(bytes.NewReader(terraform("test", "-json", "-verbose")))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var line struct {
			Run   string `json:"@testrun"`
			State *struct {
				Root struct {
					Resources []resource `json:"resources"`
				} `json:"root_module"`
			} `json:"test_state"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatal(err)
		}
		if line.State != nil && line.Run == "everything" {
			return line.State.Root.Resources
		}
	}
	t.Fatalf("terraform test shows no plan (%v)", lines.Err())
	return nil
}
