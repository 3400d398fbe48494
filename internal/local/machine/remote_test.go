package machine

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"sluice/internal/local/endpoint"
)

func remote(endpoint string, environment map[string]string) RemoteOptions {
	return RemoteOptions{Endpoint: endpoint, Getenv: func(name string) string { return environment[name] }, Environ: func() (all []string) {
		for name, value := range environment {
			all = append(all, name+"="+value)
		}
		return all
	}}
}

func TestWhereTheFunctionsRunComesFromTheEnvironment(t *testing.T) {
	o := remote("http://localhost:4566/", nil)
	c, err := o.config()
	if err != nil || *c.BaseEndpoint != "http://127.0.0.1:4566" || c.Region != Region {
		t.Errorf("%+v %v", c, err)
	}
	if p := o.place(); p.bus != "sluice-local" || p.bucket != "sluice-local" || p.domains != "*" {
		t.Errorf("%+v", p)
	}
	o = remote("https://emulator.example.com", map[string]string{"AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t",
		"SLUICE_ENVIRONMENT": "dev", "SLUICE_BUCKET": "mine", "SLUICE_MODEL": "m", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:1", "HOME": "/home/me"})
	if c, err = o.config(); err != nil || c.Region != "eu-west-1" {
		t.Errorf("%+v %v", c, err)
	}
	if p := o.place(); p.bus != "sluice-dev" || p.bucket != "mine" || p.configurationSet != "sluice-dev" {
		t.Errorf("%+v", p)
	}
	got := o.forClients(t.Context(), c)
	want := map[string]string{"AWS_ENDPOINT_URL": "https://emulator.example.com", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "http://127.0.0.1:1", "SLUICE_MODEL": "m",
		"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t"}
	if len(got) != len(want) {
		t.Errorf("%v", got)
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	for _, wrong := range []string{"", "localhost:4566", "ftp://host", AWSItself} {
		if _, err := remote(wrong, nil).config(); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// The local machine is an emulator like any other.
func TestTheFunctionsRunAgainstAnotherMachine(t *testing.T) {
	m, err := open(t, Options{Memory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer shut(t, m)
	o := remote(m.URL(), map[string]string{"SLUICE_ENVIRONMENT": "other"})
	o.Functions, o.Log, o.Folder, o.Address = functions(t), io.Discard, t.TempDir(), "127.0.0.1:0"
	if _, err := OpenRemote(t.Context(), o); err == nil || !strings.Contains(err.Error(), "sluice-other-") {
		t.Errorf("without provisioning: %v", err)
	}
	o.Provision = true
	for range 2 {
		r, err := OpenRemote(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		// The HTTP API is here, and knows its routes.
		if answer, err := http.Get(r.APIURL + "/requests/a/b"); err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusNotFound || answer.Header.Get("Apigw-Requestid") == "" {
			t.Errorf("%+v, %v", answer, err)
		}
		if err := r.Close(t.Context()); err != nil || r.Bus != "sluice-other" {
			t.Error(r.Bus, err)
		}
	}
}

func TestOnlyWhatAnEmulatorDoesNotOfferIsLeftOut(t *testing.T) {
	answer := func(status int) error {
		return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status}}, Err: errors.New("no")}}
	}
	skip := skipping(slog.New(slog.DiscardHandler))
	for status, left := range map[int]bool{404: true, 405: true, 500: true, 501: true, 400: false, 403: false, 503: false} {
		if err := skip("mail", answer(status)); (err == nil) != left {
			t.Errorf("%d: %v", status, err)
		}
	}
	if skip("mail", errors.New("no connection")) == nil {
		t.Error("an endpoint that is not there is left out")
	}
}

func TestAMachineTellsWhoAnswers(t *testing.T) {
	for want, model := range map[string]*endpoint.AWSModel{LocalModel: nil, RealModel: {Region: "eu-west-1"}} {
		h := (&Machine{options: Options{AWS: model}}).health()
		if h.Model != want || h.Sluice != Environment {
			t.Errorf("%+v", h)
		}
	}
}
