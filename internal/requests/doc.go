// Package requests keeps what is known of every request and every upload, so
// that somebody who asks "where is it?" is answered from one object.
//
//	analyze, api ──Admit──► requests/<tenant>/<id>.json ◄──Update── track  a single request: its [Status]
//	                                  │
//	                                 Get ──► notify (recipients), api, the operator's command
//
//	track ──UpdateProgress──► progress/<uploadId>/track.json              the records of an upload: its [Progress]
//	                                  │
//	                            LoadProgress ──► notify, api, the operator's command
//
// A record of an upload has no object of its own; it is one bit in the upload's
// progress. Both objects are only ever changed by compare-and-swap, and what
// changes them bears repetition: hearing an event twice, or an older one after a
// newer one, leaves what is there.
package requests
