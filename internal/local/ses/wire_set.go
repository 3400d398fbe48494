package ses

import (
	"context"
	"net/http"
)

type setDocument struct {
	ConfigurationSetName string
	SendingOptions       *sendingOptions     `json:",omitempty"`
	Tags                 tagList             `json:",omitempty"`
	SuppressionOptions   *suppressionOptions `json:",omitempty"`
	setOptions
}

type sendingOptions struct{ SendingEnabled bool }

type busDestination struct{ EventBusArn string }

// destinationDocument is an event destination; the fields of other services
// are there to be refused.
type destinationDocument struct {
	Name                       string `json:",omitempty"`
	Enabled                    bool
	MatchingEventTypes         []string
	EventBridgeDestination     *busDestination `json:",omitempty"`
	SnsDestination             any             `json:",omitempty"`
	KinesisFirehoseDestination any             `json:",omitempty"`
	CloudWatchDestination      any             `json:",omitempty"`
	PinpointDestination        any             `json:",omitempty"`
}

type destinationInput struct {
	EventDestinationName string
	EventDestination     destinationDocument
}

type destinationList struct{ EventDestinations []destinationDocument }

type setList struct {
	ConfigurationSets []string
	NextToken         string `json:",omitempty"`
}

func (s *State) setRoutes(mux *http.ServeMux) {
	const sets = "/v2/email/configuration-sets"
	mux.HandleFunc("POST "+sets, handle(func(ctx context.Context, _ call, in setDocument) (none, error) {
		set := ConfigurationSet{Name: in.ConfigurationSetName, Tags: in.Tags.asMap(), Options: in.kept(),
			SendingOff: in.SendingOptions != nil && !in.SendingOptions.SendingEnabled}
		if o := in.SuppressionOptions; o != nil {
			var err error
			if set.Suppressed, err = o.reasons(); err != nil {
				return none{}, err
			}
		}
		return none{}, s.CreateSet(ctx, set)
	}))
	mux.HandleFunc("GET "+sets, handle(s.wireSets))
	mux.HandleFunc("POST /v2/email/list-configuration-sets", handle(s.wireSets))
	mux.HandleFunc("GET "+sets+"/{set}", handle(func(_ context.Context, c call, _ none) (setDocument, error) {
		set, err := s.Set(c.path("set"))
		if err != nil {
			return setDocument{}, err
		}
		out := setDocument{ConfigurationSetName: set.Name, Tags: tagsOf(set.Tags), SendingOptions: &sendingOptions{!set.SendingOff}, setOptions: optionsOf(set.Options)}
		if set.Suppressed != nil {
			out.SuppressionOptions = &suppressionOptions{*set.Suppressed}
		}
		return out, nil
	}))
	mux.HandleFunc("DELETE "+sets+"/{set}", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.DeleteSet(ctx, c.path("set"))
	}))
	mux.HandleFunc("PUT "+sets+"/{set}/sending", handle(func(ctx context.Context, c call, in sendingOptions) (none, error) {
		return none{}, s.changeSet(ctx, c.path("set"), func(set *ConfigurationSet) error {
			set.SendingOff = !in.SendingEnabled
			return nil
		})
	}))
	mux.HandleFunc("POST "+sets+"/{set}/event-destinations", handle(func(ctx context.Context, c call, in destinationInput) (none, error) {
		return none{}, s.wirePutDestination(ctx, c.path("set"), in.EventDestinationName, in.EventDestination, true)
	}))
	mux.HandleFunc("PUT "+sets+"/{set}/event-destinations/{name}", handle(func(ctx context.Context, c call, in destinationInput) (none, error) {
		return none{}, s.wirePutDestination(ctx, c.path("set"), c.path("name"), in.EventDestination, false)
	}))
	mux.HandleFunc("GET "+sets+"/{set}/event-destinations", handle(s.wireDestinations))
	mux.HandleFunc("DELETE "+sets+"/{set}/event-destinations/{name}", handle(func(ctx context.Context, c call, _ none) (none, error) {
		return none{}, s.DeleteDestination(ctx, c.path("set"), c.path("name"))
	}))
}

func (s *State) wireSets(_ context.Context, c call, in listInput) (setList, error) {
	token, size, err := c.pageIn(in)
	if err != nil {
		return setList{}, err
	}
	names, next, err := s.Sets(token, size)
	return setList{append([]string{}, names...), next}, err
}

func (s *State) wirePutDestination(ctx context.Context, set, name string, d destinationDocument, create bool) error {
	if d.SnsDestination != nil || d.KinesisFirehoseDestination != nil || d.CloudWatchDestination != nil || d.PinpointDestination != nil {
		return badRequest("The local SES publishes events to EventBridge only.")
	}
	if d.EventBridgeDestination == nil {
		return badRequest("Event destination must be specified.")
	}
	return s.PutDestination(ctx, set, name, Destination{Enabled: d.Enabled, Kinds: d.MatchingEventTypes, BusARN: d.EventBridgeDestination.EventBusArn}, create)
}

func (s *State) wireDestinations(_ context.Context, c call, _ none) (destinationList, error) {
	set, err := s.Set(c.path("set"))
	if err != nil {
		return destinationList{}, err
	}
	out := destinationList{EventDestinations: []destinationDocument{}}
	for _, name := range sortedKeys(set.Destinations) {
		d := set.Destinations[name]
		out.EventDestinations = append(out.EventDestinations, destinationDocument{Name: name, Enabled: d.Enabled, MatchingEventTypes: d.Kinds,
			EventBridgeDestination: &busDestination{d.BusARN}})
	}
	return out, nil
}
