package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/machine"
)

func TestAMachineForOthersAsksWhoCalls(t *testing.T) {
	data := t.TempDir()
	callers := write(t, "credentials", "[team]\naws_access_key_id = AKIATEAM\naws_secret_access_key = secret\n")
	c := command(t, data, "dev", "--json", "--listen", "0.0.0.0:0", "--credentials", callers, "--profile", "team")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := c.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { interrupt(t, c) })
	go func() { _, _ = io.Copy(io.Discard, said) }()
	line, err := bufio.NewReader(out).ReadString('\n')
	var up struct{ URL string }
	if err != nil || json.Unmarshal([]byte(line), &up) != nil {
		t.Fatalf("sluice dev said %q, %v", line, err)
	}
	if response, err := http.Get(up.URL + "/_sluice/health"); err != nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("without a signature: %v %v", response, err)
	}
	// So does the HTTP API, but for links that are signed themselves.
	for path, want := range map[string]int{"/requests/nope": http.StatusForbidden, "/reports/nope": http.StatusNotFound, "/requests/a/b": http.StatusNotFound} {
		if got := get(t, up.URL+path); got.StatusCode != want {
			t.Errorf("%s without a signature: %s", path, got.Status)
		}
	}
	if status, body := signedGet(t, up.URL+"/requests/nope", machine.Keys{AccessKey: "AKIATEAM", SecretKey: "secret"}); status != http.StatusNotFound || !strings.Contains(body, "urn:sluice:problem") {
		t.Errorf("with a signature: %d %s", status, body)
	}
	// The functions and the other commands sign.
	if r := sluice(t, data, "submit", "The parcel came late.", "--task", "sentiment"); r.code != exitOK {
		t.Errorf("submit: %d %s", r.code, r.err)
	}
	own := document(t, sluice(t, data, "env", "--json"))
	running, found := machine.Find(data)
	if !found || own["AWS_ACCESS_KEY_ID"] != running.Keys.AccessKey || own["AWS_SECRET_ACCESS_KEY"] != running.Keys.SecretKey || own["AWS_ENDPOINT_URL"] != up.URL {
		t.Errorf("env: %v", own["AWS_ACCESS_KEY_ID"])
	}
	for _, keys := range []machine.Keys{running.Keys, {AccessKey: "AKIATEAM", SecretKey: "secret"}} {
		at := machine.Running{URL: up.URL, Signed: true, Keys: keys}
		if _, err := sqs.NewFromConfig(clientConfig(at)).ListQueues(t.Context(), &sqs.ListQueuesInput{}); err != nil {
			t.Errorf("%s: %v", keys.AccessKey, err)
		}
	}
	if r := sluice(t, data, "dev", "--listen", "0.0.0.0"); r.code != exitFailed || !strings.Contains(r.err, "runs already") {
		t.Errorf("dev again: %d %s", r.code, r.err)
	}
}

// signedGet asks the HTTP API as an IAM caller.
func signedGet(t *testing.T, url string, keys machine.Keys) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	c, err := keys.Provider().Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	nothing := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(t.Context(), c, request, hex.EncodeToString(nothing[:]), "execute-api", machine.Region, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(raw)
}

func TestWhatCannotBeListenedOnIsTold(t *testing.T) {
	for want, args := range map[string][]string{
		"not an IP address":       {"--listen", "example.com"},
		"named twice":             {"--listen", "0.0.0.0:1", "--port", "2"},
		"not a number":            {"--listen", "0.0.0.0:http"},
		"goes with --credentials": {"--profile", "x"},
		"not an origin":           {"--allow-origin", "localhost:3000/x"},
		"no such file":            {"--listen", "0.0.0.0:0", "--credentials", "/nowhere/credentials"},
		"for the local services":  {"--listen", "0.0.0.0", "--endpoint", "http://127.0.0.1:1"},
		"profile \"none\" of":     {"--credentials", write(t, "c", "[default]\n"), "--profile", "none"},
	} {
		if r := sluice(t, t.TempDir(), append([]string{"dev"}, args...)...); r.code != exitUsage || !strings.Contains(r.err, want) {
			t.Errorf("%v: %d %s", args, r.code, r.err)
		}
	}
}
