package stepfunctions

import (
	"encoding/json"
	"net/http"
	"strings"

	"sluice/internal/local/awsjson"
	"sluice/internal/local/service"
)

// request holds the members of every operation that is known.
type request struct {
	StateMachineArn, ExecutionArn string
	Name, Input                   string
	TaskToken, Output             string
	Error, Cause                  string
}

// Handler speaks the protocol of Step Functions, as far as the functions and
// sluice audit call it. It checks no signature.
// https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
func Handler(s *State) http.Handler {
	protocol := awsjson.Protocol{Most: 1 << 20, Invalid: "ValidationException",
		Internal: service.Error{Code: "InternalServerError", Message: "The request could not be carried out.", Status: http.StatusInternalServerError},
		Document: func(message string) map[string]string { return map[string]string{"message": message} }}
	return awsjson.Handle(protocol, http.StatusOK, func(r *http.Request, body []byte) (any, error) {
		var in request
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, refuse("ValidationException", "The request is not valid JSON of this operation.")
		}
		return s.call(strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSStepFunctions."), in)
	})
}

func (s *State) call(operation string, in request) (any, error) {
	none := struct{}{}
	switch operation {
	case "StartExecution":
		if in.StateMachineArn != s.ARN {
			return nil, refuse("StateMachineDoesNotExist", "State Machine Does Not Exist: %s", in.StateMachineArn)
		}
		arn, err := s.Start(in.Name, in.Input)
		return map[string]string{"executionArn": arn}, err
	case "DescribeExecution":
		return s.Describe(in.ExecutionArn)
	case "GetExecutionHistory":
		history, err := s.History(in.ExecutionArn)
		return map[string]any{"events": history}, err
	case "SendTaskSuccess":
		return none, s.Answer(in.TaskToken, in.Output, nil)
	case "SendTaskFailure":
		return none, s.Answer(in.TaskToken, "", &Failure{in.Error, in.Cause})
	}
	return nil, refuse("UnknownOperationException", "The local Step Functions does not know %s.", operation)
}
