package s3

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// policy is what a form's signer allows of it:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
type policy struct {
	Expiration time.Time
	Conditions []policyCondition
}

// policyCondition is one of {"field": "value"}, ["eq", "$field", "value"],
// ["starts-with", "$field", "beginning"] and ["content-length-range", least, most].
type policyCondition struct {
	text        string // as it came, for the refusal
	kind, field string // the field in lower case, without $
	value       string
	least, most int64
}

// UnmarshalJSON reads the two forms.
func (p *policyCondition) UnmarshalJSON(raw []byte) error {
	p.text = string(raw)
	var exact map[string]string
	if json.Unmarshal(raw, &exact) == nil && len(exact) == 1 {
		for field, value := range exact {
			p.kind, p.field, p.value = "eq", strings.ToLower(field), value
		}
		return nil
	}
	var list [3]json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return err
	}
	if err := json.Unmarshal(list[0], &p.kind); err != nil {
		return err
	}
	p.kind = strings.ToLower(p.kind)
	if p.kind == "content-length-range" {
		if err := json.Unmarshal(list[1], &p.least); err != nil {
			return err
		}
		return json.Unmarshal(list[2], &p.most)
	}
	if err := json.Unmarshal(list[1], &p.field); err != nil {
		return err
	}
	p.field = strings.ToLower(strings.TrimPrefix(p.field, "$"))
	return json.Unmarshal(list[2], &p.value)
}

// holds tells whether the fields are as the condition wants them.
func (p *policyCondition) holds(fields map[string]string) bool {
	switch p.kind {
	case "content-length-range":
		return true // which is known at the end of the file
	case "eq":
		return fields[p.field] == p.value
	case "starts-with":
		return strings.HasPrefix(fields[p.field], p.value)
	}
	return false
}

// unsigned tells of fields that need no condition.
func unsigned(field string) bool {
	return strings.HasPrefix(field, "x-ignore-") || slices.Contains([]string{"policy", "signature", "x-amz-signature", "awsaccesskeyid", "bucket"}, field)
}

func againstPolicy(why string) *Error {
	return refuse(http.StatusForbidden, "AccessDenied", "Invalid according to Policy: %s", why)
}

// allowed judges a form's fields by its policy, and is how many bytes its file may
// have. A form without a policy is as a request without a signature. Errors:
// InvalidPolicyDocument, AccessDenied.
func allowed(fields map[string]string, bucket string, now time.Time) (least, most int64, err error) {
	least, most = 0, mostBytes
	encoded, given := fields["policy"]
	if !given {
		return least, most, nil
	}
	var in policy
	document, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || json.Unmarshal(document, &in) != nil {
		return 0, 0, refuse(http.StatusBadRequest, "InvalidPolicyDocument", "Invalid Policy: Invalid JSON.")
	}
	if !now.Before(in.Expiration) {
		return 0, 0, againstPolicy("Policy expired.")
	}
	judged := maps.Clone(fields)
	judged["bucket"] = bucket
	conditioned := map[string]bool{}
	for _, one := range in.Conditions {
		if !one.holds(judged) {
			return 0, 0, againstPolicy("Policy Condition failed: " + one.text)
		}
		conditioned[one.field] = true
		if one.kind == "content-length-range" {
			least, most = max(least, one.least), min(most, one.most)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if !conditioned[name] && !unsigned(name) {
			return 0, 0, againstPolicy("Extra input fields: " + name)
		}
	}
	return least, most, nil
}

// measured is a file that must have least to most bytes. What it answers at its
// end is a refusal of S3's: EntityTooSmall, EntityTooLarge.
type measured struct {
	from        io.Reader
	least, most int64
	read        int64
}

// Read implements io.Reader.
func (m *measured) Read(p []byte) (int, error) {
	n, err := m.from.Read(p)
	m.read += int64(n)
	switch {
	case m.read > m.most:
		return n, refuse(http.StatusBadRequest, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	case err == io.EOF && m.read < m.least:
		return n, refuse(http.StatusBadRequest, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size")
	}
	return n, err
}
