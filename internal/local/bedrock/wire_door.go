package bedrock

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Door is the machine's own door to the stand-in, to be mounted at
// /_sluice/bedrock. It talks JSON:
//
//   - GET answers {"config": Config, "counters": {model: Counter}};
//   - PUT and POST change the parts of the Config that the body has (quota,
//     latency, faults … each as a whole) and answer as GET does;
//   - DELETE goes back to the Config that the State had when the door was made,
//     and counts from 0.
//
// A body that is wrong is answered 400 with {"message": …}, and changes nothing.
func Door(s *State) http.Handler {
	initial := s.Config()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var err error
		switch r.Method {
		case http.MethodGet, http.MethodHead:
		case http.MethodPut, http.MethodPost:
			err = reconfigure(s, w, r)
		case http.MethodDelete:
			s.ResetCounters()
			err = s.Configure(initial)
		default:
			w.Header().Set("Allow", "GET, PUT, POST, DELETE")
			encode(w, http.StatusMethodNotAllowed, map[string]string{"message": "use GET, PUT, POST or DELETE"})
			return
		}
		if err != nil {
			encode(w, http.StatusBadRequest, map[string]string{"message": err.Error()})
			return
		}
		encode(w, http.StatusOK, map[string]any{"config": s.Config(), "counters": s.Counters()})
	})
}

func reconfigure(s *State, w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		return fmt.Errorf("the body could not be read: %w", err)
	}
	// A part that is given replaces the old one: decoding over it would merge.
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil {
		return fmt.Errorf("the body is not a JSON object: %w", err)
	}
	cfg := s.Config()
	for part := range given {
		switch part {
		case "quota":
			cfg.Quota = Config{}.Quota
		case "latency":
			cfg.Latency = Latency{}
		case "faults":
			cfg.Faults = nil
		case "models":
			cfg.Models = nil
		}
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&cfg); err != nil {
		return fmt.Errorf("the body does not fit: %w", err)
	}
	return s.Configure(cfg)
}
