package awsjson

import (
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"
)

// Time is a time on the wire: seconds since 1970, with milliseconds as their
// fraction.
type Time struct{ time.Time }

// MarshalJSON writes seconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// UnmarshalJSON reads seconds, or a text in RFC 3339 as some clients send it; null
// leaves the time as it is. The error is a *json.UnmarshalTypeError for a number
// that is none or beyond the year 10000, and time's own for a text.
func (t *Time) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if len(text) > 0 && text[0] == '"' {
		return t.Time.UnmarshalJSON(text)
	}
	seconds, err := strconv.ParseFloat(string(text), 64)
	const farthest = 253402300800 // the year 10000
	if err != nil || math.Abs(seconds) > farthest {
		return &json.UnmarshalTypeError{Value: "number", Type: reflect.TypeFor[Time](), Field: "Timestamp"}
	}
	whole, fraction := math.Modf(seconds)
	t.Time = time.Unix(int64(whole), int64(math.Round(fraction*1000))*int64(time.Millisecond)).UTC()
	return nil
}
