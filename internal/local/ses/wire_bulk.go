package ses

import "context"

type bulkInput struct {
	FromEmailAddress     string
	ReplyToAddresses     []string
	ConfigurationSetName string
	DefaultEmailTags     []wireMailTag
	DefaultContent       struct{ Template *wireTemplateUse }
	BulkEmailEntries     []struct {
		Destination             wireDestination
		ReplacementTags         []wireMailTag
		ReplacementHeaders      []Header
		ReplacementEmailContent struct {
			ReplacementTemplate struct{ ReplacementTemplateData string }
		}
	}
}

type bulkOutput struct{ BulkEmailEntryResults []BulkResult }

func (s *State) wireSendBulk(ctx context.Context, _ call, in bulkInput) (bulkOutput, error) {
	b := BulkRequest{Common: Request{From: in.FromEmailAddress, ReplyTo: in.ReplyToAddresses, ConfigurationSet: in.ConfigurationSetName, Tags: mailTags(in.DefaultEmailTags)}}
	if in.DefaultContent.Template != nil {
		b.Common.Template = in.DefaultContent.Template.use()
	}
	for _, e := range in.BulkEmailEntries {
		b.Entries = append(b.Entries, BulkEntry{To: e.Destination.ToAddresses, Cc: e.Destination.CcAddresses, Bcc: e.Destination.BccAddresses,
			Tags: mailTags(e.ReplacementTags), Headers: e.ReplacementHeaders, Data: e.ReplacementEmailContent.ReplacementTemplate.ReplacementTemplateData})
	}
	results, err := s.SendBulkEmail(ctx, b)
	return bulkOutput{results}, err
}
