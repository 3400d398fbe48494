package lambda

import "context"

// uuidField is the mapping's id in a call that another service makes: those use
// the names of AWS's SDK for Java.
const uuidField = "Uuid"

// CheckCall tells what is wrong with the input of an UpdateEventSourceMapping
// that another service is to make: a JSON object with the operation's parameters
// and Uuid. The error is an *Error.
func CheckCall(input []byte) error {
	_, _, err := readCall(input)
	return err
}

// Call makes an UpdateEventSourceMapping for another service. The errors are
// those of [CheckCall] and [State.UpdateMapping].
func (s *State) Call(ctx context.Context, input []byte) error {
	id, u, err := readCall(input)
	if err != nil {
		return err
	}
	_, err = s.UpdateMapping(ctx, id, u)
	return err
}
