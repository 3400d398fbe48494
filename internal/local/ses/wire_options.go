package ses

import (
	"context"
	"encoding/json"
	"net/http"

	"sluice/internal/local/disk"
)

// setOptions are the options of a configuration set that are kept and told, and
// have no effect here: nobody opens, clicks or looks at a reputation.
type setOptions struct {
	DeliveryOptions   json.RawMessage `json:",omitempty"`
	ReputationOptions json.RawMessage `json:",omitempty"`
	TrackingOptions   json.RawMessage `json:",omitempty"`
	VdmOptions        json.RawMessage `json:",omitempty"`
	ArchivingOptions  json.RawMessage `json:",omitempty"`
}

type suppressionOptions struct{ SuppressedReasons []string }

// reasons are those of the options, for a set to keep; none of them is not the same
// as no options.
func (o suppressionOptions) reasons() (*[]string, error) {
	all := append([]string{}, o.SuppressedReasons...)
	return &all, checkReasons(all)
}

// kept are the options by their names.
func (o setOptions) kept() map[string]json.RawMessage {
	all := map[string]json.RawMessage{"DeliveryOptions": o.DeliveryOptions, "ReputationOptions": o.ReputationOptions, "TrackingOptions": o.TrackingOptions,
		"VdmOptions": o.VdmOptions, "ArchivingOptions": o.ArchivingOptions}
	for name, option := range all {
		if len(option) == 0 {
			delete(all, name)
		}
	}
	return all
}

func optionsOf(kept map[string]json.RawMessage) setOptions {
	return setOptions{kept["DeliveryOptions"], kept["ReputationOptions"], kept["TrackingOptions"], kept["VdmOptions"], kept["ArchivingOptions"]}
}

func (s *State) optionRoutes(mux *http.ServeMux) {
	const set, identity = "PUT /v2/email/configuration-sets/{set}/", "PUT /v2/email/identities/{name}/"
	for path, name := range map[string]string{
		"delivery-options": "DeliveryOptions", "reputation-options": "ReputationOptions", "tracking-options": "TrackingOptions",
		"vdm-options": "VdmOptions", "archiving-options": "ArchivingOptions",
	} {
		mux.HandleFunc(set+path, handle(func(ctx context.Context, c call, in map[string]json.RawMessage) (none, error) {
			return none{}, s.putOption(ctx, c.path("set"), name, in)
		}))
	}
	mux.HandleFunc(set+"suppression-options", handle(func(ctx context.Context, c call, in suppressionOptions) (none, error) {
		reasons, err := in.reasons()
		if err != nil {
			return none{}, err
		}
		return none{}, s.changeSet(ctx, c.path("set"), func(set *ConfigurationSet) error {
			set.Suppressed = reasons
			return nil
		})
	}))
	mux.HandleFunc(identity+"dkim", handle(func(ctx context.Context, c call, in struct{ SigningEnabled bool }) (none, error) {
		return none{}, s.changeIdentity(ctx, c.path("name"), func(i *Identity) { i.SigningOff = !in.SigningEnabled })
	}))
	mux.HandleFunc(identity+"feedback", handle(func(ctx context.Context, c call, in struct{ EmailForwardingEnabled bool }) (none, error) {
		return none{}, s.changeIdentity(ctx, c.path("name"), func(i *Identity) { i.ForwardingOff = !in.EmailForwardingEnabled })
	}))
	mux.HandleFunc(identity+"configuration-set", handle(s.wireIdentitySet))
	mux.HandleFunc(identity+"mail-from", handle(s.wireMailFrom))
}

// putOption keeps one option of a set; without fields there is none.
func (s *State) putOption(ctx context.Context, set, name string, fields map[string]json.RawMessage) error {
	option, err := json.Marshal(fields)
	if err != nil {
		return badRequest("The options are not valid JSON.")
	}
	return s.changeSet(ctx, set, func(set *ConfigurationSet) error {
		if set.Options == nil {
			set.Options = map[string]json.RawMessage{}
		}
		if set.Options[name] = option; len(fields) == 0 {
			delete(set.Options, name)
		}
		return nil
	})
}

func (s *State) wireIdentitySet(ctx context.Context, c call, in struct{ ConfigurationSetName string }) (none, error) {
	if in.ConfigurationSetName != "" {
		if _, err := s.Set(in.ConfigurationSetName); err != nil {
			return none{}, err
		}
	}
	return none{}, s.changeIdentity(ctx, c.path("name"), func(i *Identity) { i.ConfigurationSet = in.ConfigurationSetName })
}

func (s *State) wireMailFrom(ctx context.Context, c call, in struct{ MailFromDomain, BehaviorOnMxFailure string }) (none, error) {
	var from *MailFrom
	if in.MailFromDomain != "" {
		if !domains.MatchString(in.MailFromDomain) {
			return none{}, badRequest("Invalid MAIL FROM domain <%s>.", in.MailFromDomain)
		}
		from = &MailFrom{Domain: in.MailFromDomain, OnMXFailure: in.BehaviorOnMxFailure}
		if from.OnMXFailure == "" {
			from.OnMXFailure = "USE_DEFAULT_VALUE"
		}
	}
	return none{}, s.changeIdentity(ctx, c.path("name"), func(i *Identity) { i.MailFrom = from })
}

// changeIdentity changes an identity. Error: NotFoundException.
func (s *State) changeIdentity(ctx context.Context, name string, change func(*Identity)) error {
	if _, err := s.Identity(name); err != nil {
		return err
	}
	return s.change(ctx, func() (disk.Ticket, error) {
		old := s.identities.rows[name]
		if old == nil {
			return disk.Ticket{}, notFound("Email identity %s does not exist.", name)
		}
		changed := *old
		change(&changed)
		return s.identities.put(name, &changed)
	})
}
