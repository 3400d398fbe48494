package emulator

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
	"time"
)

var (
	errThere    = errors.New("it is there already")
	errNotThere = errors.New("it is not there")
)

// profiles are Bedrock's application inference profiles. Every system-defined one
// is there, with two Regions.
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetInferenceProfile.html
type profiles struct {
	mu   sync.Mutex
	kept map[string]profile // by id
}

type profile struct {
	ARN     string            `json:"inferenceProfileArn"`
	ID      string            `json:"inferenceProfileId"`
	Name    string            `json:"inferenceProfileName"`
	Status  string            `json:"status"`
	Type    string            `json:"type"`
	About   string            `json:"description,omitempty"`
	Created string            `json:"createdAt"`
	Updated string            `json:"updatedAt"`
	Models  []profileModel    `json:"models"`
	tags    []json.RawMessage // as they came
}

type profileModel struct {
	ARN string `json:"modelArn"`
}

const profilesPath = "/inference-profiles"

func newProfiles() *profiles { return &profiles{kept: map[string]profile{}} }

func (p *profiles) fill(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/listTagsForResource" {
		return p.listTags(w, r)
	}
	name, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), profilesPath+"/"))
	id := path.Base(name)
	known, is := p.kept[id]
	switch {
	case !strings.HasPrefix(r.URL.Path, profilesPath) || err != nil:
		return false
	case r.Method == http.MethodPost && r.URL.Path == profilesPath:
		p.create(w, r)
	case r.Method == http.MethodDelete && is:
		delete(p.kept, id)
		answer(w, http.StatusOK, struct{}{})
	case r.Method == http.MethodGet && is:
		answer(w, http.StatusOK, known)
	case r.Method == http.MethodGet && strings.Count(id, ".") == 2 && !strings.HasPrefix(name, "arn:aws:bedrock:"+Region+":"+Account+":application"):
		_, model, _ := strings.Cut(id, ".")
		answer(w, http.StatusOK, profile{ARN: "arn:aws:bedrock:" + Region + ":" + Account + ":inference-profile/" + id, ID: id, Name: id, Status: "ACTIVE", Type: "SYSTEM_DEFINED",
			Created: now(), Updated: now(), Models: []profileModel{{"arn:aws:bedrock:us-east-1::foundation-model/" + model}, {"arn:aws:bedrock:us-west-2::foundation-model/" + model}}})
	default:
		refuse(w, http.StatusNotFound, "ResourceNotFoundException", errNotThere)
	}
	return true
}

func now() string { return time.Now().UTC().Format(time.RFC3339) }

func (p *profiles) create(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Name        string                    `json:"inferenceProfileName"`
		About       string                    `json:"description"`
		ModelSource struct{ CopyFrom string } `json:"modelSource"`
		Tags        []json.RawMessage         `json:"tags"`
	}
	if json.Unmarshal(body(r), &in) != nil || in.Name == "" || in.ModelSource.CopyFrom == "" {
		refuse(w, http.StatusBadRequest, "ValidationException", errors.New("a profile has a name and a source"))
		return
	}
	id := strings.ToLower(rand.Text()[:12])
	made := profile{ARN: "arn:aws:bedrock:" + Region + ":" + Account + ":application-inference-profile/" + id, ID: id, Name: in.Name, About: in.About, Status: "ACTIVE", Type: "APPLICATION",
		Created: now(), Updated: now(), tags: in.Tags}
	model := path.Base(in.ModelSource.CopyFrom)
	if strings.Contains(in.ModelSource.CopyFrom, ":inference-profile/") {
		_, model, _ = strings.Cut(model, ".")
	}
	made.Models = []profileModel{{"arn:aws:bedrock:" + Region + "::foundation-model/" + model}}
	p.kept[id] = made
	answer(w, http.StatusCreated, made)
}

// listTags answers for profiles and leaves other resources to moto.
func (p *profiles) listTags(w http.ResponseWriter, r *http.Request) bool {
	var in struct {
		ARN string `json:"resourceARN"`
	}
	_ = json.Unmarshal(body(r), &in)
	known, is := p.kept[path.Base(in.ARN)]
	if is {
		tags := known.tags
		if tags == nil {
			tags = []json.RawMessage{}
		}
		answer(w, http.StatusOK, map[string]any{"tags": tags})
	}
	return is
}
