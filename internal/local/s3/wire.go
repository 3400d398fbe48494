package s3

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/johannesboyne/gofakes3"
)

// Handler speaks S3's REST protocol over a state, with the bucket in the path
// (/bucket/key) or, below localhost, in the host (bucket.localhost). Signatures are
// checked in front of it, if at all; an expired presigned URL is refused. Paths must
// reach it as they were sent: a ServeMux in front would tidy keys up.
func Handler(s *State) http.Handler {
	h := &handler{state: s}
	h.requests.Store(uint64(s.cfg.Now().UnixNano()))
	return h
}

type handler struct {
	state    *State
	requests atomic.Uint64
}

// call is one request on its way.
type call struct {
	state       *State
	w           http.ResponseWriter
	r           *http.Request
	number      uint64
	id          string // of the request: the number in hex
	bucket, key string
	query       url.Values
	body        *verified
	// refused is the error to answer, of a backend's method that gofakes3 called.
	refused error
}

// ServeHTTP implements http.Handler.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{state: h.state, w: w, r: r, number: h.requests.Add(1), query: r.URL.Query()}
	c.id = fmt.Sprintf("%016X", c.number)
	if bucket := bucketInHost(r.Host); bucket != "" {
		r.URL.Path, r.URL.RawPath = "/"+bucket+r.URL.Path, ""
	}
	c.bucket, c.key, _ = strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	w.Header().Set("X-Amz-Request-Id", c.id)
	w.Header().Set("X-Amz-Id-2", base64.StdEncoding.EncodeToString([]byte(strings.Repeat(c.id, 3))))
	w.Header().Set("Server", "AmazonS3")
	c.takeHoisted()
	operation, serve := c.route()
	h.state.Count(operation)
	if err := c.check(operation); err != nil {
		c.fail(err)
		return
	}
	if err := serve(); err != nil {
		c.fail(err)
	}
}

// bucketInHost is the bucket of a virtual-hosted request. Clients that are given
// http://localhost make bucket.localhost of it, which is this machine too.
func bucketInHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	bucket, below := strings.CutSuffix(host, ".localhost")
	if !below {
		return ""
	}
	return bucket
}

// origin is who asks, for events.
func (c *call) origin() Origin {
	host, _, err := net.SplitHostPort(c.r.RemoteAddr)
	if err != nil {
		host = c.r.RemoteAddr
	}
	return Origin{RequestID: c.id, SourceIP: host}
}

func (c *call) has(name string) bool { _, is := c.query[name]; return is }

// get is a header's value. Its name is best given in canonical form: any other is
// brought into it first.
func (c *call) get(header string) string { return c.r.Header.Get(header) }

// unimplemented are the parts of S3 that are asked for by a query name and are
// not here. Without this a PUT of one of them would write an object.
var unimplemented = []string{
	"abac", "accelerate", "analytics", "annotation", "intelligent-tiering", "inventory", "legal-hold",
	"metadataConfiguration", "metadataTable", "metrics", "object-lock", "policyStatus", "renameObject", "replication",
	"restore", "retention", "select", "session", "torrent", "website",
}

// route names the operation and who serves it.
func (c *call) route() (string, func() error) {
	for name := range c.query {
		if _, is := configs[name]; slices.Contains(unimplemented, name) && !(is && c.key == "") {
			return "NotImplemented", func() error { return notImplemented() }
		}
	}
	if c.bucket == "" {
		return "ListBuckets", c.listBuckets
	}
	if c.key == "" {
		return c.routeBucket()
	}
	if c.has("uploadId") || c.has("uploads") {
		return c.routeUpload()
	}
	if c.has("tagging") {
		return c.routeTags()
	}
	if c.has("acl") {
		return c.routeACL("Object")
	}
	switch c.r.Method {
	case http.MethodGet:
		if c.has("attributes") {
			return "GetObjectAttributes", c.getAttributes
		}
		return "GetObject", c.getObject
	case http.MethodHead:
		return "HeadObject", c.getObject
	case http.MethodDelete:
		return "DeleteObject", c.deleteObject
	case http.MethodPut:
		if c.get("X-Amz-Copy-Source") != "" {
			return "CopyObject", c.copyObject
		}
		if c.has("versioning") || c.has("versions") { // which no object has, only its bucket
			return "PutObject", c.gofakes3
		}
		return "PutObject", c.putObject
	}
	return "MethodNotAllowed", methodNotAllowed
}

func methodNotAllowed() error {
	return refuse(http.StatusMethodNotAllowed, "MethodNotAllowed", "The specified method is not allowed against this resource.")
}

func (c *call) routeBucket() (string, func() error) {
	if c.has("acl") {
		return c.routeACL("Bucket")
	}
	for name := range c.query {
		if config, is := configs[name]; is {
			return c.routeConfig(name, config)
		}
	}
	switch c.r.Method {
	case http.MethodGet:
		switch {
		case c.has("uploads"):
			return "ListMultipartUploads", c.gofakes3
		case c.has("location"):
			return "GetBucketLocation", c.gofakes3
		case c.has("versioning"):
			return "GetBucketVersioning", c.getVersioning
		case c.has("versions"):
			return "ListObjectVersions", c.listVersions
		case c.query.Get("list-type") == "2":
			return "ListObjectsV2", c.listObjects
		}
		return "ListObjects", c.listObjects
	case http.MethodPut:
		if c.has("versioning") {
			return "PutBucketVersioning", c.putVersioning
		}
		return "CreateBucket", c.gofakes3
	case http.MethodHead:
		return "HeadBucket", c.gofakes3
	case http.MethodDelete:
		return "DeleteBucket", c.gofakes3
	case http.MethodPost:
		if c.has("delete") {
			return "DeleteObjects", c.deleteObjects
		}
		return "PostObject", c.postObject
	}
	return "MethodNotAllowed", methodNotAllowed
}

func (c *call) routeUpload() (string, func() error) {
	switch {
	case c.has("uploads") && c.r.Method == http.MethodPost:
		return "CreateMultipartUpload", c.gofakes3
	case c.r.Method == http.MethodPut && c.get("X-Amz-Copy-Source") != "":
		return "UploadPartCopy", c.uploadPartCopy
	case c.r.Method == http.MethodPut:
		return "UploadPart", c.uploadPart
	case c.r.Method == http.MethodPost:
		return "CompleteMultipartUpload", c.completeUpload
	case c.r.Method == http.MethodDelete:
		return "AbortMultipartUpload", c.gofakes3
	case c.r.Method == http.MethodGet:
		return "ListParts", c.listParts
	}
	return "MethodNotAllowed", methodNotAllowed
}

// check refuses what no operation here can do, and makes the body ready.
func (c *call) check(operation string) error {
	if v := c.query.Get("versionId"); v != "" && v != "null" {
		return invalidArgument("Invalid version id specified")
	}
	for _, header := range []string{"X-Amz-Server-Side-Encryption-Customer-Algorithm", "X-Amz-Object-Lock-Mode", "X-Amz-Write-Offset-Bytes"} {
		if c.get(header) != "" {
			return notImplemented()
		}
	}
	if owner := c.get("X-Amz-Expected-Bucket-Owner"); owner != "" && owner != c.state.cfg.Account {
		return refuse(http.StatusForbidden, "AccessDenied", "Access Denied")
	}
	if len(c.key) > mostKeyBytes {
		return checkKey(c.key)
	}
	if err := c.checkClass(); err != nil {
		return err
	}
	if err := c.expired(); err != nil {
		return err
	}
	return c.takeBody(operation)
}

// gofakes3 lets the library speak, over a backend that knows this request.
func (c *call) gofakes3() error {
	g := gofakes3.New(backend{c},
		gofakes3.WithIntegrityCheck(false), // the body is checked already, for more than MD5
		gofakes3.WithTimeSkewLimit(0),      // a suspended laptop must not lose its queue of requests
		gofakes3.WithMetadataSizeLimit(0),  // it would count the headers of the signature
		gofakes3.WithRequestID(c.number-1)) // it adds one
	g.Server().ServeHTTP(answer{c}, c.r)
	c.dropCORS()
	return c.refused
}

// dropCORS takes back the leave that gofakes3 gives every web page to use the
// bucket from a browser.
func (c *call) dropCORS() {
	for name := range c.w.Header() {
		if strings.HasPrefix(name, "Access-Control-") {
			c.w.Header().Del(name)
		}
	}
}

// answer holds back what gofakes3 writes about a refusal of ours: it knows few
// codes, and answers 500 for the others.
type answer struct{ c *call }

func (a answer) Header() http.Header { return a.c.w.Header() }

func (a answer) WriteHeader(status int) {
	if a.c.refused == nil {
		a.c.dropCORS()
		a.c.w.WriteHeader(status)
	}
}

func (a answer) Write(p []byte) (int, error) {
	if a.c.refused != nil {
		return len(p), nil //nolint:nilerr // the refusal is written instead of this answer
	}
	a.c.dropCORS()
	if len(p) > 0 && a.Header().Get("Content-Type") == "" {
		a.Header().Set("Content-Type", "application/xml") // all that it writes is XML, but it says so too late
	}
	return a.c.w.Write(p)
}

// document answers an XML document.
func (c *call) document(status int, v any) {
	raw, err := xml.Marshal(v)
	if err != nil {
		c.state.cfg.Log.Error("s3: a document could not be written", "request", c.id, "error", err.Error())
		status, raw = http.StatusInternalServerError, nil
	}
	c.write(status, append([]byte(xml.Header), raw...))
}

// write answers with what is XML already.
func (c *call) write(status int, document []byte) {
	c.w.Header().Set("Content-Type", "application/xml")
	c.w.WriteHeader(status)
	if _, err := c.w.Write(document); err != nil {
		c.state.cfg.Log.Debug("s3: the client has gone", "request", c.id)
	}
}
