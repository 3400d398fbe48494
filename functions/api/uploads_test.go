package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	awsevents "github.com/aws/aws-lambda-go/events"

	"sluice/events"
	"sluice/internal/links"
	"sluice/internal/objects"
	"sluice/internal/requests"
	"sluice/internal/upload"
)

func newUpload(body string, headers ...string) awsevents.APIGatewayV2HTTPRequest {
	return request("POST /uploads", "/uploads", body, headers...)
}

func TestAFileMayBePut(t *testing.T) {
	w := newWorld(t)
	body := `{"task": "classify", "name": "my file é.csv", "params": {"labels": ["a", "b"]}, "textField": "message", "notify": {"email": ["canary@example.com"], "each": true}, "deadline": "2026-04-01T00:00:00Z"}`
	r := w.want(201, newUpload(body, "idempotency-key", "k1"))
	one := parsed[ticket](t, r)
	signed, err := url.Parse(one.URL)
	w.must(err)
	if one.Method != http.MethodPut || !strings.HasSuffix(signed.Path, "/"+one.Key) || signed.Query().Get("X-Amz-Expires") != "900" || r.Headers["location"] != "/uploads/"+one.ID {
		t.Errorf("%+v", one)
	}
	if signed.Query().Has("x-amz-checksum-crc32") || signed.Query().Has("X-Amz-Sdk-Checksum-Algorithm") {
		t.Error("the checksum of no body is signed")
	}
	place, err := upload.ParseKey(one.Key)
	if err != nil || place.Tenant != "acme" || place.Task != "classify" || !strings.HasSuffix(place.Name, "/my file é.csv") {
		t.Errorf("%+v, %v", place, err)
	}
	d, problems := upload.ParseDefinition(w.memory.Body(upload.DefinitionKey(one.Key)))
	if len(problems) > 0 || d.TextField != "message" || !d.MailEach || d.Notify[0] != "canary@example.com" || string(d.Params) != `{"labels":["a","b"]}` || d.Deadline.IsZero() {
		t.Errorf("%+v %v", d, problems)
	}
	if again := parsed[ticket](t, w.want(201, newUpload(body, "idempotency-key", "k1"))); again.Key != one.Key || again.ID != one.ID {
		t.Errorf("%+v, then %+v", one, again)
	}
	if other := parsed[ticket](t, w.want(201, newUpload(body))); other.Key == one.Key {
		t.Error("two uploads have one place")
	}
	w.want(422, newUpload(`{"task": "summarize", "name": "x.csv"}`, "idempotency-key", "k1"))
}

func TestAFileWithoutMoreHasNoDefinition(t *testing.T) {
	w := newWorld(t)
	w.want(201, newUpload(`{"task": "summarize", "name": "x.jsonl"}`))
	if keys := w.memory.Keys("uploads/"); len(keys) != 0 {
		t.Error(keys)
	}
}

func TestHowFarAnUploadIs(t *testing.T) {
	w := newWorld(t)
	store, ctx := objects.New(w.memory, "b"), context.Background()
	one := parsed[ticket](t, w.want(201, newUpload(`{"task": "summarize", "name": "x.csv", "textField": "t"}`)))
	follow := func() following { w.t.Helper(); return parsed[following](t, w.want(200, get("/uploads/"+one.ID))) }
	if f := follow(); f.State != "awaited" || f.UploadID != "" {
		t.Errorf("%+v", f)
	}
	etag, err := store.Put(ctx, one.Key, objects.CSV, strings.NewReader("t\ncanary\n"))
	w.must(err)
	id := upload.ID("b", one.Key, etag)
	if f := follow(); f.State != "received" || f.UploadID != id || f.Key != one.Key {
		t.Errorf("%+v, want %s", f, id)
	}
	intake := upload.Intake{ID: id, Tenant: "acme", File: events.UploadFile{Bucket: "b", Key: one.Key}, Submitted: w.clock.now()}
	_, err = upload.SaveIntake(ctx, store, &intake, "")
	w.must(err)
	if f := follow(); f.State != "running" || f.Deadline == nil || f.Counts != nil {
		t.Errorf("%+v", f)
	}
	_, err = requests.UpdateProgress(ctx, store, id, func(p *requests.Progress) bool {
		p.Tenant, p.Received = "acme", &events.UploadReceived{Records: 2}
		return p.Ends(1, events.Completed, &events.Spend{CostUSD: 0.5})
	})
	w.must(err)
	if f := follow(); f.State != "running" || f.Counts.Missing != 1 || f.CostUSD != 0.5 {
		t.Errorf("%+v", f)
	}
	_, err = requests.UpdateProgress(ctx, store, id, func(p *requests.Progress) bool {
		p.Done = &requests.Done{Results: "reports/r.csv", Report: "reports/r.html"}
		return true
	})
	w.must(err)
	f := follow()
	if f.State != "completed" || f.Results != "reports/r.csv" || !strings.HasPrefix(f.ReportURL, "https://api.example.com/reports/") {
		t.Errorf("%+v", f)
	}
	// By the id that events carry, and to nobody else.
	if g := parsed[following](t, w.want(200, get("/uploads/"+id))); g.State != "completed" {
		t.Errorf("%+v", g)
	}
	other := get("/uploads/" + id)
	other.RequestContext.Authorizer.IAM.AccountID = "210987654321"
	w.want(404, other)
	w.want(404, get("/uploads/unknown"))
	// The link leads to the page.
	r := w.want(302, request("GET /reports/{token}", w.path(f.ReportURL), ""))
	if at, err := url.Parse(r.Headers["location"]); err != nil || !strings.HasSuffix(at.Path, "/reports/r.html") || at.Query().Get("X-Amz-Expires") != "300" {
		t.Errorf("%v", r.Headers)
	}
	w.clock.pass(links.ReportLife + time.Second)
	w.want(410, request("GET /reports/{token}", w.path(f.ReportURL), ""))
}

// path is a link's path.
func (w *world) path(link string) string {
	return strings.TrimPrefix(link, "https://api.example.com")
}

func TestLinksOpenWhatTheySay(t *testing.T) {
	w := newWorld(t)
	l := w.handler.Config.Links
	for _, path := range []string{
		w.path(l.Report("acme", "unothing")), w.path(l.Report("other", w.reported())), "/reports/" + tokenOf(l.Unsubscribe(suppressionKey)), "/reports/x",
	} {
		w.want(404, request("GET /reports/{token}", path, ""))
	}
	w.want(404, request("GET /unsubscribe/{token}", "/unsubscribe/"+tokenOf(l.Report("acme", "u")), ""))
	w.want(404, request("POST /unsubscribe/{token}", "/unsubscribe/"+tokenOf(l.Report("acme", "u")), ""))
}

func TestOneClickUnsubscribes(t *testing.T) {
	w := newWorld(t)
	path := w.path(w.handler.Config.Links.Unsubscribe(suppressionKey))
	suppressed := func() bool {
		_, found, err := suppressionsOf(w).Get(t.Context(), suppressionKey)
		w.must(err)
		return found
	}
	page := w.want(200, request("GET /unsubscribe/{token}", path, ""))
	if suppressed() || !strings.Contains(page.Body, `value="One-Click"`) || !strings.HasPrefix(page.Headers["content-type"], "text/html") {
		t.Errorf("%v %s", page.Headers, page.Body)
	}
	click := func(status int, media, body string) {
		t.Helper()
		e := request("POST /unsubscribe/{token}", path, body, "content-type", media)
		e.RequestContext.Authorizer = nil
		w.want(status, e)
	}
	click(400, "application/x-www-form-urlencoded", "")
	click(400, "application/x-www-form-urlencoded", "List-Unsubscribe=Two-Clicks")
	click(400, "multipart/form-data", "List-Unsubscribe=One-Click")
	click(415, "application/json", `{"List-Unsubscribe": "One-Click"}`)
	if suppressed() {
		t.Error("anything unsubscribes")
	}
	click(200, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
	if !suppressed() {
		t.Error("one click does not unsubscribe")
	}
	click(200, "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"List-Unsubscribe\"\r\n\r\nOne-Click\r\n--x--\r\n")
}
