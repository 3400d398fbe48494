package s3

import (
	"encoding/xml"
	"testing"

	"pgregory.net/rapid"
)

func TestErrorDocumentIsAsMarshalled(t *testing.T) {
	type document struct {
		XMLName   xml.Name `xml:"Error"`
		Code      string
		Message   string
		Condition string `xml:",omitempty"`
		Key       string `xml:",omitempty"`
		Bucket    string `xml:"BucketName,omitempty"`
		Resource  string
		RequestID string `xml:"RequestId"`
		HostID    string `xml:"HostId"`
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[<>&'"\t\n\r\x00]{0,4}`), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		d := document{Code: text.Draw(t, "code"), Message: text.Draw(t, "message"), Condition: text.Draw(t, "condition"), Key: text.Draw(t, "key"),
			Bucket: text.Draw(t, "bucket"), Resource: text.Draw(t, "resource"), RequestID: text.Draw(t, "request"), HostID: text.Draw(t, "host")}
		want, err := xml.Marshal(d)
		if err != nil {
			t.Fatal(err)
		}
		got := errorDocument{d.Code, d.Message, d.Condition, d.Key, d.Bucket, d.Resource, d.RequestID, d.HostID}.xml()
		if string(got) != xml.Header+string(want) {
			t.Fatalf("%s\n%s", got, want)
		}
	})
}
