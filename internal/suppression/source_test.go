package suppression

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
)

// source is SES's list, of which a page holds two addresses. Token n begins with
// the address that was added as the n-th, or what is left behind it.
type source struct {
	list  []types.SuppressedDestinationSummary
	place map[string]int
	added int
	asked []*sesv2.ListSuppressedDestinationsInput
	fail  func(n int) error
}

func (s *source) add(address string, reason types.SuppressionListReason, when time.Time) {
	if s.place == nil {
		s.place = map[string]int{}
	}
	s.place[address], s.added = s.added, s.added+1
	s.list = append(s.list, types.SuppressedDestinationSummary{EmailAddress: &address, Reason: reason, LastUpdateTime: &when})
}

func (s *source) remove(address string) {
	s.list = slices.DeleteFunc(s.list, func(one types.SuppressedDestinationSummary) bool { return *one.EmailAddress == address })
}

func (s *source) ListSuppressedDestinations(_ context.Context, in *sesv2.ListSuppressedDestinationsInput, _ ...func(*sesv2.Options)) (*sesv2.ListSuppressedDestinationsOutput, error) {
	s.asked = append(s.asked, in)
	if s.fail != nil {
		if err := s.fail(len(s.asked)); err != nil {
			return nil, err
		}
	}
	from, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &sesv2.ListSuppressedDestinationsOutput{}
	for _, one := range s.list {
		place := s.place[*one.EmailAddress]
		if len(out.SuppressedDestinationSummaries) == 2 {
			out.NextToken = aws.String(strconv.Itoa(place))
			break
		}
		if place >= from {
			out.SuppressedDestinationSummaries = append(out.SuppressedDestinationSummaries, one)
		}
	}
	return out, nil
}

func full() *source {
	s := &source{}
	for i, name := range []string{"a", "b", "c", "d", "Canary.Person"} {
		reason := types.SuppressionListReasonBounce
		if i%2 == 1 {
			reason = types.SuppressionListReasonComplaint
		}
		s.add(name+"@example.com", reason, at.Add(-2*time.Hour))
	}
	return s
}
