package eventbridge

// Wants tells whether anybody would hear an event on the default bus: a rule
// that matches it, or an archive. A service of this machine asks before it makes
// an event durable, so that events nobody hears cost next to nothing.
func (s *State) Wants(entry Entry) bool {
	bus := s.routes.Load().buses[busName(entry.EventBusName)]
	if bus == nil || len(bus.rules) == 0 && len(bus.archives) == 0 {
		return false
	}
	if len(bus.archives) > 0 {
		return true
	}
	e, refused := s.accept(entry, true)
	if refused != nil {
		return false
	}
	for _, rule := range bus.rules {
		if rule.compiled.Match(e.lookup) {
			return true
		}
	}
	return false
}
