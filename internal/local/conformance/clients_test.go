package conformance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clientTime is how long a client's script may take.
const clientTime = 3 * time.Minute

// Other people's clients drive the embedded endpoint: what the Go SDK does not
// send, another client may.

func TestClientsCommandLine(t *testing.T) {
	t.Parallel()
	needTools(t, map[string]string{
		"aws":  "the aws command line (https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html, or: pip install awscli)",
		"bash": "bash",
	})
	runClient(t, "", "bash", filepath.Join("testdata", "clients", "awscli.sh"))
}

func TestClientsBoto3(t *testing.T) {
	t.Parallel()
	needTools(t, map[string]string{"python3": "Python 3 (https://www.python.org/downloads/)"})
	if out, err := exec.CommandContext(t.Context(), "python3", "-c", "import boto3").CombinedOutput(); err != nil {
		t.Skipf("NOT RUN: python3 has no boto3; get it with: pip install boto3 (%s)", lastLine(out))
	}
	for _, script := range []string{"boto3_client.py", "boto3_presigned.py", "boto3_flows.py"} {
		t.Run(script, func(t *testing.T) {
			runClient(t, "", "python3", filepath.Join("testdata", "clients", script))
		})
	}
}

func TestClientsJavaScript(t *testing.T) {
	t.Parallel()
	if os.Getenv("SLUICE_JS_CLIENTS") != "on" {
		t.Skip("NOT RUN: the AWS SDK for JavaScript is fetched from npm first; allow it with: SLUICE_JS_CLIENTS=on")
	}
	needTools(t, map[string]string{"node": "Node.js 20 or newer (https://nodejs.org/)", "npm": "npm, which comes with Node.js"})
	version, err := exec.CommandContext(t.Context(), "node", "--version").Output()
	var major int
	if _, wrong := fmt.Sscanf(string(version), "v%d.", &major); err != nil || wrong != nil || major < 20 {
		t.Skipf("NOT RUN: node is %q, and the AWS SDK for JavaScript needs 20 or newer (https://nodejs.org/)", strings.TrimSpace(string(version)))
	}
	// The modules go into a folder of their own, beside copies of the sources:
	// imports are looked up from where the importing file is.
	folder := t.TempDir()
	for _, name := range []string{"package.json", "client.mjs", "presigned.mjs"} {
		source, err := os.ReadFile(filepath.Join("testdata", "clients", "js", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), source, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	install := exec.CommandContext(t.Context(), "npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts", "--loglevel=error")
	install.Dir = folder
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
	for _, script := range []string{"client.mjs", "presigned.mjs"} {
		t.Run(script, func(t *testing.T) { runClient(t, folder, "node", script) })
	}
}

// needTools skips the test if a program is not there, and says how to get it.
func needTools(t *testing.T, wanted map[string]string) {
	t.Helper()
	for program, from := range wanted {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("NOT RUN: %s is not on the PATH; get %s", program, from)
		}
	}
}

// runClient runs a script against the embedded endpoint; it must exit 0.
func runClient(t *testing.T, folder, program string, args ...string) {
	t.Helper()
	target, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), clientTime)
	defer cancel()
	command := exec.CommandContext(ctx, program, args...)
	command.Dir = folder
	command.WaitDelay = 5 * time.Second
	// Nothing of whoever runs the tests: no profile, no other endpoint.
	for _, variable := range os.Environ() {
		if !strings.HasPrefix(variable, "AWS_") {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "AWS_ENDPOINT_URL="+target.URL, "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region,
		"AWS_ACCESS_KEY_ID=local", "AWS_SECRET_ACCESS_KEY=local", "AWS_EC2_METADATA_DISABLED=true", "PYTHONDONTWRITEBYTECODE=1")
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, out)
	}
	t.Log(lastLine(out))
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
