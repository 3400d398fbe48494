package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/internal/local/bedrock"
	"sluice/internal/local/emulator"
)

// drifts are what a second plan would change on the emulator though nothing was
// changed: attributes by resource type, which it tells in another form than AWS.
var drifts = map[string][]string{
	"aws_lambda_function":        {"kms_key_arn"}, // moto forgets it
	"aws_s3_bucket_notification": {"eventbridge"}, // moto does not tell it
	// moto forgets them
	"aws_vpc_security_group_egress_rule":  {"description"},
	"aws_vpc_security_group_ingress_rule": {"description"},
}

// stack is the repository's Terraform, copied to where it may leave its state.
type stack struct {
	t      *testing.T
	folder string
	url    string
}

// newStack copies what Terraform reads, and links to the packages.
func newStack(t *testing.T, url string) *stack {
	t.Helper()
	s := &stack{t: t, folder: t.TempDir(), url: url}
	for _, part := range []string{"terraform", "events", "schemas"} {
		if err := os.CopyFS(filepath.Join(s.folder, part), os.DirFS(filepath.Join("..", "..", part))); err != nil {
			t.Fatal(err)
		}
	}
	packages, err := filepath.Abs(filepath.Join("..", "..", "bin", "packages"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(s.folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(packages, filepath.Join(s.folder, "bin", "packages")); err != nil {
		t.Fatal(err)
	}
	return s
}

// root is an environment's folder.
func (s *stack) root(environment string) string {
	return filepath.Join(s.folder, "terraform", "environments", environment)
}

// terraform runs it and returns what it said and its exit code.
func (s *stack) terraform(environment string, args ...string) (string, int) {
	s.t.Helper()
	c := exec.CommandContext(s.t.Context(), "terraform", append([]string{"-chdir=" + s.root(environment)}, args...)...)
	c.Env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+os.DevNull, "TF_IN_AUTOMATION=1", "CHECKPOINT_DISABLE=1", "AWS_ENDPOINT_URL="+s.url,
		"AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION="+emulator.Region, "AWS_EC2_METADATA_DISABLED=true")
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	var exited *exec.ExitError
	if err != nil && !errors.As(err, &exited) {
		s.t.Fatal(err)
	}
	if code := c.ProcessState.ExitCode(); code == 1 {
		s.t.Fatalf("terraform %s: %s", strings.Join(args, " "), errs.String())
	}
	return out.String(), c.ProcessState.ExitCode()
}

// timed logs how long a step took.
func (s *stack) timed(what string, do func()) {
	s.t.Helper()
	began := time.Now()
	do()
	s.t.Logf("%s: %s", what, time.Since(began).Round(time.Second))
}

// always is what an apply is told beside the environment's own settings.
var always = []string{"-auto-approve", "-input=false", "-no-color", "-parallelism=20"}

// extras are the settings that an environment has here and not in its own file.
func extras(environment string) []string {
	all := []string{"-var=force_destroy=true"}
	if environment == "staging" {
		all = append(all, "-var=features={workflow=true}")
	}
	return all
}

func (s *stack) apply(environment string) {
	s.t.Helper()
	// A call that the emulator has not fails at once, in place of minutes.
	override := "provider \"aws\" {\n  max_retries = 1\n}\n"
	if err := os.WriteFile(filepath.Join(s.root(environment), "local_override.tf"), []byte(override), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.terraform(environment, "init", "-plugin-dir="+os.Getenv("TF_PLUGIN_DIR"), "-input=false", "-lockfile=readonly")
	s.timed("apply of "+environment, func() { s.terraform(environment, slices.Concat([]string{"apply"}, always, extras(environment))...) })
}

// destroy leaves nothing in the state.
func (s *stack) destroy(environment string) {
	s.t.Helper()
	s.timed("destroy of "+environment, func() { s.terraform(environment, slices.Concat([]string{"destroy"}, always, extras(environment))...) })
	if left, _ := s.terraform(environment, "state", "list"); strings.TrimSpace(left) != "" {
		s.t.Errorf("the state of %s still has %s", environment, left)
	}
}

// unchanged plans again; only known drifts may be planned.
func (s *stack) unchanged(environment string) {
	s.t.Helper()
	s.timed("second plan of "+environment, func() {
		s.terraform(environment, append([]string{"plan", "-detailed-exitcode", "-input=false", "-out=again.tfplan"}, extras(environment)...)...)
	})
	said, _ := s.terraform(environment, "show", "-json", "again.tfplan")
	var plan struct {
		Changes []struct {
			Address, Type string
			Change        struct {
				Actions       []string
				Before, After map[string]any
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(said), &plan); err != nil {
		s.t.Fatal(err)
	}
	for _, c := range plan.Changes {
		switch {
		case slices.Equal(c.Change.Actions, []string{"no-op"}), slices.Equal(c.Change.Actions, []string{"read"}):
			continue
		case !slices.Equal(c.Change.Actions, []string{"update"}):
			s.t.Errorf("%s would be changed: %v", c.Address, c.Change.Actions)
			continue
		}
		for name, before := range c.Change.Before {
			if after := c.Change.After[name]; !cmp.Equal(before, after) && !slices.Contains(drifts[c.Type], name) {
				s.t.Errorf("%s would change its %s: %s", c.Address, name, cmp.Diff(before, after))
			}
		}
	}
}

// outputs are the environment's, by name.
func (s *stack) outputs(environment string) map[string]any {
	s.t.Helper()
	said, _ := s.terraform(environment, "output", "-json")
	var all map[string]struct{ Value any }
	if err := json.Unmarshal([]byte(said), &all); err != nil {
		s.t.Fatal(err)
	}
	values := map[string]any{}
	for name, o := range all {
		values[name] = o.Value
	}
	return values
}

// functionsStart starts each function's program with the very variables that
// Terraform gave it, until it asks for its first call.
func (s *stack) functionsStart(environment string) {
	s.t.Helper()
	said, _ := s.terraform(environment, "show", "-json")
	var state any
	if err := json.Unmarshal([]byte(said), &state); err != nil {
		s.t.Fatal(err)
	}
	started := 0
	for _, values := range valuesOf(state, "aws_lambda_function") {
		name := strings.TrimPrefix(fmt.Sprint(values["function_name"]), "sluice-"+environment+"-")
		variables := values["environment"].([]any)[0].(map[string]any)["variables"].(map[string]any)
		s.t.Run(name+" starts", func(t *testing.T) { starts(t, name, variables) })
		started++
	}
	if programs, _ := filepath.Glob(filepath.Join(built, "functions", "*")); started != len(programs) {
		s.t.Errorf("%d of %d functions were there to start", started, len(programs))
	}
}

// valuesOf finds the values of every resource of a type, in whatever module.
func valuesOf(state any, kind string) []map[string]any {
	var all []map[string]any
	switch at := state.(type) {
	case map[string]any:
		if values, is := at["values"].(map[string]any); is && at["type"] == kind {
			return []map[string]any{values}
		}
		for _, below := range at {
			all = append(all, valuesOf(below, kind)...)
		}
	case []any:
		for _, below := range at {
			all = append(all, valuesOf(below, kind)...)
		}
	}
	return all
}

func starts(t *testing.T, name string, variables map[string]any) {
	t.Helper()
	ready := make(chan struct{}, 1)
	runtime := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case ready <- struct{}{}:
		default:
		}
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(built, "functions", name, "bootstrap"))
	c.Env = []string{"AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(runtime.URL, "http://"), "AWS_LAMBDA_FUNCTION_NAME=sluice-" + name, "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=x", "AWS_SECRET_ACCESS_KEY=x"}
	for variable, value := range variables {
		c.Env = append(c.Env, fmt.Sprintf("%s=%v", variable, value))
	}
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	select {
	case <-ready:
		cancel()
		<-ended
	case err := <-ended:
		t.Errorf("it ended: %v\n%s", err, &said)
	}
	runtime.CloseClientConnections()
	runtime.Close()
}

// emulated is moto with its gaps filled, and a model.
func emulated(t *testing.T) *emulator.Emulator {
	t.Helper()
	if os.Getenv("SLUICE_TERRAFORM") != "on" {
		t.Skip("SKIPPED: Terraform is left to make terraform-apply-test")
	}
	if _, err := exec.LookPath("terraform"); err != nil || os.Getenv("TF_PLUGIN_DIR") == "" {
		t.Skip("SKIPPED: it needs terraform on the PATH, and TF_PLUGIN_DIR, a folder that terraform providers mirror filled")
	}
	model, err := bedrock.New(bedrock.Config{}, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	server, err := emulator.Start(t.Context(), emulator.Options{Stack: true, Model: bedrock.Handler(model)})
	if errors.Is(err, emulator.ErrAbsent) {
		t.Skip("SKIPPED: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return server
}
