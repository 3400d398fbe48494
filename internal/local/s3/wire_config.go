package s3

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
)

// config is a configuration of a bucket that is kept and given back. Of all of
// them only the notification's EventBridge switch has an effect here.
type config struct {
	name    string // in the names of its operations
	root    string // of its XML document; "" for JSON
	byDelet bool   // there is an operation that deletes it
	put     int    // status of a PUT; 0: it can only be asked for here
	// preset is what S3 answers before anything was put; otherwise the refusal.
	preset           string
	missing, message string
}

var configs = map[string]config{
	notification: {name: "BucketNotificationConfiguration", root: "NotificationConfiguration", put: 200,
		preset: `<NotificationConfiguration xmlns="` + namespace + `"></NotificationConfiguration>`},
	"encryption": {name: "BucketEncryption", root: "ServerSideEncryptionConfiguration", byDelet: true, put: 200,
		preset: `<ServerSideEncryptionConfiguration xmlns="` + namespace + `"><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>false</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`},
	"lifecycle": {name: "BucketLifecycleConfiguration", root: "LifecycleConfiguration", byDelet: true, put: 200,
		missing: "NoSuchLifecycleConfiguration", message: "The lifecycle configuration does not exist"},
	"publicAccessBlock": {name: "PublicAccessBlock", root: "PublicAccessBlockConfiguration", byDelet: true, put: 200,
		missing: "NoSuchPublicAccessBlockConfiguration", message: "The public access block configuration was not found"},
	"ownershipControls": {name: "BucketOwnershipControls", root: "OwnershipControls", byDelet: true, put: 200,
		missing: "OwnershipControlsNotFoundError", message: "The bucket ownership controls were not found"},
	"accelerate": {name: "BucketAccelerateConfiguration", root: "AccelerateConfiguration",
		preset: `<AccelerateConfiguration xmlns="` + namespace + `"></AccelerateConfiguration>`},
	"object-lock": {name: "ObjectLockConfiguration", root: "ObjectLockConfiguration",
		missing: "ObjectLockConfigurationNotFoundError", message: "Object Lock configuration does not exist for this bucket"},
	"replication": {name: "BucketReplication", root: "ReplicationConfiguration",
		missing: "ReplicationConfigurationNotFoundError", message: "The replication configuration was not found"},
	"website": {name: "BucketWebsite", root: "WebsiteConfiguration",
		missing: "NoSuchWebsiteConfiguration", message: "The specified bucket does not have a website configuration"},
	"tagging": {name: "BucketTagging", root: "Tagging", byDelet: true, put: 204,
		missing: "NoSuchTagSet", message: "The TagSet does not exist"},
	"cors": {name: "BucketCors", root: "CORSConfiguration", byDelet: true, put: 200,
		missing: "NoSuchCORSConfiguration", message: "The CORS configuration does not exist"},
	"logging": {name: "BucketLogging", root: "BucketLoggingStatus", put: 200,
		preset: `<BucketLoggingStatus xmlns="` + namespace + `"></BucketLoggingStatus>`},
	"requestPayment": {name: "BucketRequestPayment", root: "RequestPaymentConfiguration", put: 200,
		preset: `<RequestPaymentConfiguration xmlns="` + namespace + `"><Payer>BucketOwner</Payer></RequestPaymentConfiguration>`},
	"policy": {name: "BucketPolicy", byDelet: true, put: 204,
		missing: "NoSuchBucketPolicy", message: "The bucket policy does not exist"},
}

func (c *call) routeConfig(query string, k config) (string, func() error) {
	switch c.r.Method {
	case http.MethodPut, http.MethodDelete:
		if k.put == 0 {
			return "NotImplemented", func() error { return notImplemented() }
		}
	}
	switch c.r.Method {
	case http.MethodGet:
		return "Get" + k.name, func() error { return c.getConfig(query, k) }
	case http.MethodPut:
		return "Put" + k.name, func() error { return c.putConfig(query, k) }
	case http.MethodDelete:
		if k.byDelet {
			return "Delete" + k.name, func() error {
				if err := c.state.SetConfig(c.r.Context(), c.bucket, query, ""); err != nil {
					return err
				}
				c.w.WriteHeader(http.StatusNoContent)
				return nil
			}
		}
	}
	return "MethodNotAllowed", methodNotAllowed
}

func (c *call) getConfig(query string, k config) error {
	document, err := c.state.Config(c.bucket, query)
	if err != nil {
		return err
	}
	if document == "" {
		document = k.preset
	}
	if document == "" {
		return refuse(http.StatusNotFound, k.missing, "%s", k.message)
	}
	kind := "application/xml"
	if k.root == "" {
		kind = "application/json"
	}
	c.w.Header().Set("Content-Type", kind)
	c.w.WriteHeader(http.StatusOK)
	if _, err := io.WriteString(c.w, document); err != nil {
		c.state.cfg.Log.Debug("s3: the client has gone", "request", c.id)
	}
	return nil
}

func (c *call) putConfig(query string, k config) error {
	document, err := c.body.small()
	if err != nil {
		return err
	}
	switch {
	case k.root == "" && !json.Valid(document):
		return refuse(http.StatusBadRequest, "MalformedPolicy", "Policies must be valid JSON and the first byte must be '{'")
	case k.root != "" && rootOf(document) != k.root:
		return malformedXML()
	case query == notification && wantsQueues(document):
		return notImplemented()
	}
	if err := c.state.SetConfig(c.r.Context(), c.bucket, query, string(document)); err != nil {
		return err
	}
	c.w.WriteHeader(k.put)
	return nil
}

// rootOf is the name of a well-formed document's root, "" for anything else.
func rootOf(document []byte) string {
	root := ""
	for d := xml.NewDecoder(bytes.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return root
		}
		if err != nil {
			return ""
		}
		if start, is := token.(xml.StartElement); is && root == "" {
			root = start.Name.Local
		}
	}
}

// wantsQueues tells of events to queues, topics or functions without EventBridge
// between: there are none here, and to take the wish in silence would lose them.
func wantsQueues(document []byte) bool {
	for _, kind := range []string{"QueueConfiguration", "TopicConfiguration", "CloudFunctionConfiguration"} {
		if strings.Contains(string(document), "<"+kind) {
			return true
		}
	}
	return false
}
