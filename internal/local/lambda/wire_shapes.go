package lambda

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"sluice/internal/local/awsjson"
)

// mappingDocument is an EventSourceMappingConfiguration.
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
type mappingDocument struct {
	UUID                           string
	EventSourceMappingArn          string
	FunctionArn                    string
	EventSourceArn                 string
	State                          string
	StateTransitionReason          string
	LastModified                   awsjson.Time
	BatchSize                      int
	MaximumBatchingWindowInSeconds int
	FunctionResponseTypes          []string
	ScalingConfig                  *scaling `json:",omitempty"`
}

type scaling struct {
	MaximumConcurrency *int `json:",omitempty"`
}

func (s *State) document(t Told) mappingDocument {
	d := mappingDocument{
		UUID: t.UUID, EventSourceMappingArn: strings.TrimSuffix(s.functionARN(""), "function:") + "event-source-mapping:" + t.UUID,
		FunctionArn: s.functionARN(t.Function), EventSourceArn: t.QueueARN,
		State: t.State, StateTransitionReason: "USER_INITIATED", LastModified: awsjson.Time{Time: t.Modified},
		BatchSize: t.BatchSize, MaximumBatchingWindowInSeconds: t.Window, FunctionResponseTypes: []string{reportFailures},
	}
	if t.Concurrency > 0 {
		d.ScalingConfig = &scaling{&t.Concurrency}
	}
	return d
}

// reportFailures: every mapping here lets the function name what it did not
// handle.
const reportFailures = "ReportBatchItemFailures"

type mappingList struct {
	EventSourceMappings []mappingDocument
	NextMarker          string `json:",omitempty"`
}

func (s *State) wireMappings(r *http.Request, _ []byte) (mappingList, error) {
	query := r.URL.Query()
	all, err := s.Mappings(query.Get("FunctionName"), query.Get("EventSourceArn"))
	if err != nil {
		return mappingList{}, err
	}
	list, next, err := page(query, all, func(t Told) string { return t.UUID })
	out := mappingList{EventSourceMappings: make([]mappingDocument, len(list)), NextMarker: next}
	for i, t := range list {
		out.EventSourceMappings[i] = s.document(t)
	}
	return out, err
}

func (s *State) wireMapping(r *http.Request, _ []byte) (mappingDocument, error) {
	t, err := s.Mapping(r.PathValue("id"))
	if err != nil {
		return mappingDocument{}, err
	}
	return s.document(t), nil
}

func (s *State) wireUpdate(r *http.Request, body []byte) (mappingDocument, error) {
	u, err := readUpdate(body)
	if err != nil {
		return mappingDocument{}, err
	}
	t, err := s.UpdateMapping(r.Context(), r.PathValue("id"), u)
	if err != nil {
		return mappingDocument{}, err
	}
	return s.document(t), nil
}

// updateDocument is the body of UpdateEventSourceMapping, as far as it suits a
// queue here.
type updateDocument struct {
	FunctionName                   *string
	Enabled                        *bool
	BatchSize                      *int
	MaximumBatchingWindowInSeconds *int
	FunctionResponseTypes          *[]string
	ScalingConfig                  *scaling
}

// readUpdate reads the body of UpdateEventSourceMapping. What the local Lambda
// could not make hold is refused, not ignored.
func readUpdate(body []byte) (Update, error) {
	var d updateDocument
	if len(body) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(body))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&d); err != nil {
			return Update{}, wrong("The local Lambda takes FunctionName, Enabled, BatchSize, MaximumBatchingWindowInSeconds, FunctionResponseTypes and ScalingConfig: %s", jsonReason(err))
		}
		if decoder.More() {
			return Update{}, wrong("The request is more than one JSON document.")
		}
	}
	if d.FunctionResponseTypes != nil && !slices.Equal(*d.FunctionResponseTypes, []string{reportFailures}) {
		return Update{}, wrong("The local Lambda's mappings report batch item failures.")
	}
	u := Update{Function: d.FunctionName, Enabled: d.Enabled, BatchSize: d.BatchSize, Window: d.MaximumBatchingWindowInSeconds}
	if d.ScalingConfig != nil {
		// Without a number, the limit is taken away.
		if u.Concurrency = d.ScalingConfig.MaximumConcurrency; u.Concurrency == nil {
			u.Concurrency = new(int)
		} else if *u.Concurrency < fewestCalls {
			return Update{}, wrong("MaximumConcurrency must be between %d and %d.", fewestCalls, mostCalls)
		}
	}
	return u, nil
}

// jsonReason is the decoder's reason without its name.
func jsonReason(err error) string { return strings.TrimPrefix(err.Error(), "json: ") }

// configuration is a FunctionConfiguration.
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
type configuration struct {
	FunctionName, FunctionArn, Runtime, Handler, PackageType, Version string
	State, LastUpdateStatus                                           string
	Timeout, MemorySize                                               int
}

func (s *State) configuration(f Function) configuration {
	return configuration{
		FunctionName: f.Name, FunctionArn: s.functionARN(f.Name), Runtime: "provided.al2023", Handler: "bootstrap", PackageType: "Zip", Version: "$LATEST",
		State: "Active", LastUpdateStatus: "Successful", Timeout: int(f.Timeout.Seconds()), MemorySize: f.Memory,
	}
}

func (s *State) wireConfiguration(r *http.Request, _ []byte) (configuration, error) {
	f, err := s.Function(r.PathValue("name"))
	if err != nil {
		return configuration{}, err
	}
	return s.configuration(f), nil
}

func (s *State) wireFunction(r *http.Request, body []byte) (map[string]configuration, error) {
	c, err := s.wireConfiguration(r, body)
	if err != nil {
		return nil, err
	}
	return map[string]configuration{"Configuration": c}, nil
}

type functionList struct {
	Functions  []configuration
	NextMarker string `json:",omitempty"`
}

func (s *State) wireFunctions(r *http.Request, _ []byte) (functionList, error) {
	list, next, err := page(r.URL.Query(), s.Functions(), func(f Function) string { return f.Name })
	out := functionList{Functions: make([]configuration, len(list)), NextMarker: next}
	for i, f := range list {
		out.Functions[i] = s.configuration(f)
	}
	return out, err
}

// readCall reads the parameters of UpdateEventSourceMapping as one document, with
// the id in it.
func readCall(input []byte) (id string, u Update, err error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(input, &fields); err != nil {
		return "", Update{}, wrong("The input is not a JSON object.")
	}
	if json.Unmarshal(fields[uuidField], &id) != nil || id == "" {
		return "", Update{}, wrong("The input has no %s.", uuidField)
	}
	delete(fields, uuidField)
	rest, err := json.Marshal(fields)
	if err != nil {
		return "", Update{}, wrong("The input is not a JSON object.")
	}
	u, err = readUpdate(rest)
	return id, u, err
}
