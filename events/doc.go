// Package events says what can happen in Sluice.
//
// A publisher builds an [Envelope] around one event type ([New] for a request
// that begins, [Envelope.Next] for what follows from an event) and gives it to
// internal/bus. EventBridge wraps it: the event's source is sluice.<function>,
// its detail-type is [Event.Type], its detail is the envelope. A rule copies
// that record into the queue of every subscription whose pattern matches, where
// internal/consume reads it as [Record]. From there:
//
//	Record ──DecodeRequest──► Envelope + RequestReceived, or every Problem   (strict: it may come from anybody)
//	Record ──Decode─────────► Envelope, then DataOf[AiCompleted] and so on   (our own: unknown fields are ignored)
//
// A rule with a schedule puts EventBridge's own Scheduled Event there as well.
//
// Which event is said by whom, and which rule feeds which queue and function,
// is written in choreography.json alone; [Choreography] embeds it, decodes it
// strictly and checks it.
package events
