package eventbridge

// Wants tells whether anybody would hear an event on the default bus: a rule
// that matches it, or an archive. A service of this machine asks before it makes
// an event durable, so that events nobody hears cost next to nothing: the detail is
// as [pattern.Decode] makes it, and nothing is written as JSON.
func (s *State) Wants(source, detailType string, resources []string, detail map[string]any) bool {
	bus := s.routes.Load().buses[defaultBus]
	if bus == nil || len(bus.rules) == 0 && len(bus.archives) == 0 {
		return false
	}
	if len(bus.archives) > 0 {
		return true
	}
	e := event{head: head{
		Version: "0", DetailType: detailType, Source: source, Account: s.cfg.Account, Region: s.cfg.Region, Resources: resources,
	}, looked: detail}
	for _, rule := range bus.rules {
		if rule.compiled.Match(e.lookup) {
			return true
		}
	}
	return false
}
