package objects

import (
	"context"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Connect makes a store of the bucket as the configuration reaches it. Its client
// does less for each call than the SDK's own does: nothing that anybody would see.
func Connect(clients aws.Config, bucket string) *Store {
	return New(s3.NewFromConfig(clients, func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, expectMissing)
	}), bucket)
}

// missing is what becomes of a 404 of GetObject; the SDK adds the response to it.
type missing struct{}

// Error implements error.
func (missing) Error() string { return "404" }

// RetryableError spares the SDK the question; it asks this first.
func (missing) RetryableError() bool { return false }

// expectMissing keeps the SDK from decoding what S3 says about an object that is
// not there, twice: of all that is read most is looked for and not found, and the
// status says it all.
func expectMissing(stack *middleware.Stack) error {
	if stack.ID() != "GetObject" {
		return nil
	}
	// After all others it is the first to see the response.
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("ExpectMissing", func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
		out, metadata, err := next.HandleDeserialize(ctx, in)
		if response, is := out.RawResponse.(*smithyhttp.Response); is && err == nil && response.StatusCode == http.StatusNotFound {
			err = missing{}
		}
		return out, metadata, err
	}), middleware.After)
}
