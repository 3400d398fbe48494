package stepfunctions

import "fmt"

// choose is the state that the first rule that holds leads to, or the default.
// The error, for States.Runtime, names what a rule compares and is not there.
func (s *state) choose(at scope) (string, error) {
	for _, r := range s.Choices {
		holds, err := r.holds(at)
		if err != nil {
			return "", err
		}
		if holds {
			return r.Next, nil
		}
	}
	return s.Default, nil
}

func (r rule) holds(at scope) (bool, error) {
	if len(r.And) > 0 {
		for _, one := range r.And {
			if holds, err := one.holds(at); err != nil || !holds {
				return false, err
			}
		}
		return true, nil
	}
	of, err := parsePath(r.Variable)
	if err != nil {
		return false, err
	}
	value, found := of(at)
	if r.IsPresent != nil {
		return found == *r.IsPresent, nil
	}
	if !found {
		return false, fmt.Errorf("%s leads nowhere, and is compared", r.Variable)
	}
	if r.StringEquals != nil {
		text, is := value.(string)
		return is && text == *r.StringEquals, nil
	}
	yes, is := value.(bool)
	return is && yes == *r.BooleanEquals, nil
}
