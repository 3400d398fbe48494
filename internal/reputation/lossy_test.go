package reputation

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"sluice/internal/objects/objectstest"
)

// lossy is a memory that writes, and then answers that somebody else did: what a
// client sees whose first answer was lost, and which tried again.
type lossy struct {
	*objectstest.Memory
	lose int
}

func (l *lossy) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	out, err := l.Memory.PutObject(ctx, in, o...)
	if err == nil && l.lose > 0 {
		l.lose--
		return nil, objectstest.Error(412, "PreconditionFailed")
	}
	return out, err
}
