package machine

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"sluice/internal/local/endpoint"
	"sluice/internal/local/signature"
)

func TestASignedMachineKnowsItsUserAndItsCallers(t *testing.T) {
	folder := t.TempDir()
	caller := Keys{"AKIACALLER", "secret"}
	var before Keys
	for i := range 2 {
		m, err := open(t, Options{Folder: folder, Address: "0.0.0.0:0", Signed: true, Callers: []signature.Credential{{AccessKey: caller.AccessKey, SecretKey: caller.SecretKey}}})
		if err != nil {
			t.Fatal(err)
		}
		running, found := Find(folder)
		if !found || !running.Signed || !running.Doors().Alive(t.Context()) || NewDoors(running.URL).Alive(t.Context()) {
			t.Errorf("found %v, signed %v", found, running.Signed)
		}
		if m.KeysMade() != (i == 0) || i == 1 && running.Keys != before || running.Keys.AccessKey == AccessKey || len(running.Keys.SecretKey) < 40 {
			t.Errorf("start %d: made %v", i, m.KeysMade())
		}
		before = running.Keys
		for who, c := range map[string]struct {
			keys Keys
			in   bool
		}{"user": {running.Keys, true}, "a function": {m.functionKeys["store"], true}, "a function's name": {Keys{FunctionKey("store"), SecretKey}, false}, "caller": {caller, true}, "anybody": {unchecked(), false}, "a poller's name": {Keys{pollerKey, SecretKey}, false}} {
			if _, err := sqs.NewFromConfig(m.config(c.keys)).ListQueues(t.Context(), &sqs.ListQueuesInput{}); (err == nil) != c.in {
				t.Errorf("%s: %v", who, err)
			}
		}
		e := m.environment("store", "s")
		if e["AWS_ACCESS_KEY_ID"] != FunctionKey("store") || len(e["AWS_SECRET_ACCESS_KEY"]) < 40 {
			t.Error("the function has no keys of its own")
		}
		if response, err := http.Get(m.URL() + "/"); err != nil || response.StatusCode != http.StatusForbidden {
			t.Errorf("without a signature: %v %v", response, err)
		}
		shut(t, m)
	}
	info, err := os.Stat(KeysFile(folder))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the keys are kept as %v, %v", info.Mode(), err)
	}
}

func TestOthersAreNotLetInWithoutSignatures(t *testing.T) {
	if _, err := open(t, Options{Memory: true, Address: "0.0.0.0:0"}); !errors.Is(err, endpoint.ErrNotLoopback) {
		t.Error(err)
	}
}

func TestCredentialsAreReadByTheirProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "credentials")
	text := "[default]\naws_access_key_id = AKIA1\naws_secret_access_key = s1\n\n[team]\naws_access_key_id=ASIA2\naws_secret_access_key=s2\naws_session_token=t2\n\n[empty]\nregion = us-east-1\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for profile, want := range map[string]signature.Credential{"default": {AccessKey: "AKIA1", SecretKey: "s1"}, "team": {AccessKey: "ASIA2", SecretKey: "s2", Token: "t2"}} {
		if got, err := ReadCredential(t.Context(), path, profile); err != nil || got != want {
			t.Errorf("%s: %+v, %v", profile, got, err)
		}
	}
	for _, profile := range []string{"empty", "missing"} {
		if _, err := ReadCredential(t.Context(), path, profile); err == nil || !strings.Contains(err.Error(), profile) {
			t.Errorf("%s: %v", profile, err)
		}
	}
	if _, err := ReadCredential(t.Context(), path+"x", "default"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
