package environment

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"sluice/events"
)

// top is the repository's folder, seen from here.
var top = filepath.Join("..", "..", "..")

// extended is our choreography with one function, event and subscription more.
func extended(t *testing.T) []byte {
	t.Helper()
	var all, more map[string]map[string]json.RawMessage
	for path, into := range map[string]*map[string]map[string]json.RawMessage{
		filepath.Join(top, "events", "choreography.json"): &all, filepath.Join("testdata", "another", "entries.json"): &more,
	} {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	for section, entries := range more {
		for name, entry := range entries {
			if _, there := all[section][name]; there {
				t.Fatalf("%s has %s already", section, name)
			}
			all[section][name] = entry
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestAnotherFunctionIsReadByEveryProgram(t *testing.T) {
	c, err := events.ParseChoreography(extended(t))
	if err != nil {
		t.Fatal(err)
	}
	if c.Functions["translate"].Timeout != 25 || c.Subscriptions["translate"].Function != "translate" {
		t.Errorf("%+v", c.Functions["translate"])
	}
}

// Nothing under terraform/ is edited for it.
func TestTerraformMakesAnotherFunction(t *testing.T) {
	if os.Getenv("SLUICE_TERRAFORM") == "" {
		t.Skip("SKIPPED: what Terraform makes of another function; make terraform-test asks it, where terraform and its provider are on the machine")
	}
	folder := t.TempDir()
	for _, part := range []string{"terraform/modules", "terraform/tests", "terraform/workflow.asl.json", "schemas"} {
		from, to := filepath.Join(top, part), filepath.Join(folder, part)
		if err := copied(from, to); err != nil {
			t.Fatal(err)
		}
	}
	module := filepath.Join(folder, "terraform", "modules", "environment")
	if err := os.RemoveAll(filepath.Join(module, "tests")); err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{"another.tftest.hcl": filepath.Join(module, "tests", "another.tftest.hcl"), "Translated.v1.json": filepath.Join(folder, "schemas", "Translated.v1.json")} {
		if err := copied(filepath.Join("testdata", "another", from), to); err != nil {
			t.Fatal(err)
		}
	}
	written := filepath.Join(folder, "events", "choreography.json")
	if err := os.MkdirAll(filepath.Dir(written), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(written, extended(t), 0o600); err != nil {
		t.Fatal(err)
	}
	initialise := []string{"init", "-input=false", "-backend=false"}
	if at := os.Getenv("TF_PLUGIN_DIR"); at != "" {
		initialise = append(initialise, "-plugin-dir="+at)
	}
	for _, args := range [][]string{initialise, {"test", "-no-color"}} {
		c := exec.CommandContext(t.Context(), "terraform", append([]string{"-chdir=" + module}, args...)...)
		if said, err := c.CombinedOutput(); err != nil {
			t.Fatalf("terraform %v: %v\n%s", args, err, said)
		}
	}
}

// copied copies a file or a folder to where nothing is.
func copied(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(to, os.DirFS(from))
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	return os.WriteFile(to, raw, 0o600)
}
