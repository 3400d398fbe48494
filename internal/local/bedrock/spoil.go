package bedrock

import "encoding/json"

// spoil does to an answer what a fault asks for.
func spoil(kind Fault, r Response) Response {
	text := r.Text
	if r.Tool != nil {
		text = string(r.Tool.Input)
	}
	switch kind {
	case FaultTruncated:
		return halved(r, text, "max_tokens")
	case FaultMalformed:
		return halved(r, text, "malformed_model_output")
	case FaultGarbled:
		return halved(r, text, r.StopReason)
	case FaultGuardrail:
		return Response{Text: "Sorry, the model cannot answer this question.", StopReason: "guardrail_intervened"}
	case FaultFiltered:
		return Response{Text: "", StopReason: "content_filtered"}
	case FaultMissing, FaultExtra, FaultDuplicate, FaultSwapped:
		spoilt := spoilRecords(kind, []byte(text))
		if r.Tool != nil {
			use := *r.Tool
			use.Input = spoilt
			r.Tool = &use
		} else {
			r.Text = string(spoilt)
		}
	}
	return r
}

// halved cuts an answer in the middle. A tool's input must stay JSON, so it is
// left empty, as clients see it when the model breaks off.
func halved(r Response, text, reason string) Response {
	r.StopReason = reason
	if r.Tool != nil {
		use := *r.Tool
		use.Input = json.RawMessage(`{}`)
		r.Tool = &use
		return r
	}
	half := len(text) / 2
	for half > 0 && text[half]&0xC0 == 0x80 {
		half--
	}
	r.Text = text[:half]
	return r
}

// spoilRecords changes the first list of objects with ids; an answer without
// one stays as it is.
func spoilRecords(kind Fault, answer []byte) []byte {
	var document map[string]json.RawMessage
	if json.Unmarshal(answer, &document) != nil {
		return answer
	}
	for key, raw := range document {
		var records []map[string]json.RawMessage
		if json.Unmarshal(raw, &records) != nil || len(records) == 0 || records[0]["id"] == nil {
			continue
		}
		switch kind {
		case FaultMissing:
			records = records[1:]
		case FaultDuplicate:
			records = append(records, records[0])
		case FaultExtra:
			stranger := map[string]json.RawMessage{}
			for k, v := range records[0] {
				stranger[k] = v
			}
			stranger["id"] = json.RawMessage(`"r-nobody"`)
			records = append(records, stranger)
		case FaultSwapped:
			if len(records) > 1 {
				records[0]["id"], records[1]["id"] = records[1]["id"], records[0]["id"]
			}
		}
		if spoilt, err := json.Marshal(records); err == nil {
			document[key] = spoilt
		}
		break
	}
	if out, err := json.Marshal(document); err == nil {
		return out
	}
	return answer
}
