package model

import (
	"fmt"
	"testing"
)

func TestTry(t *testing.T) {
	m, err := New()
	if err != nil {
		t.Fatal(err)
	}
	rec := `{"parameters":{"labels":["billing","technical","shipping","praise"]},"records":[{"id":"r-1","text":"I was charged twice for order #A-1029, please refund $20. Jane Doe, jane@example.com"},{"id":"r-2","text":"Ứng dụng bị văng liên tục khi mở cài đặt, gấp lắm rồi! Nguyễn Văn An 0912 345 678"}]}`
	for _, s := range []string{
		`{"type":"object","properties":{"answers":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"answer":{"type":"object","properties":{"summary":{"type":"string","maxLength":50},"title":{"type":"string"},"keywords":{"type":"array","items":{"type":"string"}},"language":{"type":"string"},"label":{"type":"string"},"confidence":{"type":"number","minimum":0,"maximum":1},"reason":{"type":"string"},"sentiment":{"type":"string","enum":["positive","neutral","negative","mixed"]},"score":{"type":"number"},"urgent":{"type":"boolean"},"needs_reply":{"type":"boolean"},"priority":{"enum":["low","medium","high"]},"people":{"type":"array","items":{"type":"string"}},"emails":{"type":"array","items":{"type":"string"}},"amount":{"type":["number","null"]},"order_number":{"type":["string","null"]},"entities":{"type":"array","items":{"type":"object","properties":{"type":{"type":"string","enum":["person","organisation","place","email","phone","date","amount","order","product","other"]},"text":{"type":"string"}},"required":["type","text"]}},"labels":{"type":"array","items":{"type":"object","properties":{"label":{"type":"string"},"score":{"type":"number"}}}},"word_count":{"type":"integer"}, "reply":{"type":"string"}},"required":["summary"]}},"required":["id","answer"]}}},"required":["answers"]}`,
	} {
		out, err := m.Answer(Prompt{User: []string{"Here: " + rec}, Schema: s})
		fmt.Println(out, err)
	}
	fmt.Println(m.Answer(Prompt{User: []string{rec}}))
}
