package ses

import (
	"context"
	"net/http"
)

// verified is the only status of an identity here.
const verified = "SUCCESS"

type identityInput struct {
	EmailIdentity        string
	ConfigurationSetName string
	Tags                 tagList
}

type dkim struct {
	SigningEnabled          bool
	Status                  string
	Tokens                  []string
	SigningAttributesOrigin string
}

type identityOutput struct {
	IdentityType             string
	VerifiedForSendingStatus bool
	FeedbackForwardingStatus bool
	VerificationStatus       string            `json:",omitempty"`
	DkimAttributes           dkim              `json:",omitzero"`
	MailFromAttributes       *mailFrom         `json:",omitempty"`
	Policies                 map[string]string `json:",omitempty"`
	Tags                     tagList           `json:",omitempty"`
	ConfigurationSetName     string            `json:",omitempty"`
}

type mailFrom struct{ MailFromDomain, MailFromDomainStatus, BehaviorOnMxFailure string }

type identityInfo struct {
	IdentityType       string
	IdentityName       string
	SendingEnabled     bool
	VerificationStatus string
}

type identityList struct {
	EmailIdentities []identityInfo
	NextToken       string `json:",omitempty"`
}

// policies are those of an identity: nobody else sends here, so there are none.
type policies struct{ Policies map[string]string }

func (s *State) identityRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /v2/email/identities", handle(func(ctx context.Context, _ call, in identityInput) (identityOutput, error) {
		made, err := s.CreateIdentity(ctx, Identity{Name: in.EmailIdentity, ConfigurationSet: in.ConfigurationSetName, Tags: in.Tags.asMap()})
		if err != nil {
			return identityOutput{}, err
		}
		return identityOutput{IdentityType: made.Type(), VerifiedForSendingStatus: true, DkimAttributes: signing()}, nil
	}))
	mux.HandleFunc("GET /v2/email/identities", handle(s.wireIdentities))
	mux.HandleFunc("POST /v2/email/list-identities", handle(s.wireIdentities))
	mux.HandleFunc("GET /v2/email/identities/{name}", handle(func(_ context.Context, c call, _ none) (identityOutput, error) {
		i, err := s.Identity(c.path("name"))
		if err != nil {
			return identityOutput{}, err
		}
		out := identityOutput{IdentityType: i.Type(), VerifiedForSendingStatus: true, FeedbackForwardingStatus: !i.ForwardingOff, VerificationStatus: verified,
			DkimAttributes: signing(), Tags: tagsOf(i.Tags), ConfigurationSetName: i.ConfigurationSet}
		out.DkimAttributes.SigningEnabled = !i.SigningOff
		if i.MailFrom != nil {
			out.MailFromAttributes = &mailFrom{i.MailFrom.Domain, verified, i.MailFrom.OnMXFailure}
		}
		return out, nil
	}))
	mux.HandleFunc("GET /v2/email/identities/{name}/policies", handle(func(_ context.Context, c call, _ none) (policies, error) {
		_, err := s.Identity(c.path("name"))
		return policies{map[string]string{}}, err
	}))
	mux.HandleFunc("DELETE /v2/email/identities/{name}", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.DeleteIdentity(ctx, c.path("name"))
	}))
	mux.HandleFunc("GET /v2/email/tags", handle(func(_ context.Context, c call, _ none) (map[string]tagList, error) {
		tags, err := s.Tags(c.query.Get("ResourceArn"))
		return map[string]tagList{"Tags": tagsOf(tags)}, err
	}))
	mux.HandleFunc("POST /v2/email/tags", handle(func(ctx context.Context, _ call, in struct {
		ResourceArn string
		Tags        tagList
	}) (none, error) {
		return none{}, s.Tag(ctx, in.ResourceArn, in.Tags.asMap(), nil)
	}))
	mux.HandleFunc("DELETE /v2/email/tags", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.Tag(ctx, c.query.Get("ResourceArn"), nil, c.query["TagKeys"])
	}))
}

func signing() dkim {
	return dkim{SigningEnabled: true, Status: verified, Tokens: []string{}, SigningAttributesOrigin: "AWS_SES"}
}

func (s *State) wireIdentities(_ context.Context, c call, in listInput) (identityList, error) {
	token, size, err := c.pageIn(in)
	if err != nil {
		return identityList{}, err
	}
	list, next, err := s.Identities(token, size)
	out := identityList{EmailIdentities: make([]identityInfo, len(list)), NextToken: next}
	for i, identity := range list {
		out.EmailIdentities[i] = identityInfo{IdentityType: identity.Type(), IdentityName: identity.Name, SendingEnabled: true, VerificationStatus: verified}
	}
	return out, err
}
