package objects

import (
	"context"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyendpoints "github.com/aws/smithy-go/endpoints"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Connect makes a store of the bucket as the configuration reaches it. Its client
// does less for each call than the SDK's own does: nothing that anybody would see.
func Connect(clients aws.Config, bucket string) *Store {
	return New(s3.NewFromConfig(clients, func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions, expectMissing)
		o.EndpointResolverV2 = &remembered{resolver: o.EndpointResolverV2}
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

// remembered resolves a bucket's endpoint once: it follows from the configuration
// and the bucket, and not from the key.
type remembered struct {
	resolver s3.EndpointResolverV2
	buckets  sync.Map
}

// ResolveEndpoint implements s3.EndpointResolverV2.
func (r *remembered) ResolveEndpoint(ctx context.Context, p s3.EndpointParameters) (smithyendpoints.Endpoint, error) {
	bucket := aws.ToString(p.Bucket)
	if known, is := r.buckets.Load(bucket); is {
		return known.(smithyendpoints.Endpoint), nil
	}
	found, err := r.resolver.ResolveEndpoint(ctx, p)
	if err == nil {
		r.buckets.Store(bucket, found)
	}
	return found, err
}
