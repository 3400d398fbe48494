package events

// All returns a zero value of every event type, in the order of the flow. It is
// what tests compare with choreography.json, the schemas and the folders.
func All() []Event {
	return []Event{
		RequestReceived{}, RequestRejected{}, AiCompleted{}, AiFailed{}, Stored{}, Notified{}, NotificationSkipped{},
		RequestParked{}, UploadReceived{}, UploadCompleted{}, EmailDelivered{}, EmailBounced{}, EmailComplained{},
	}
}
