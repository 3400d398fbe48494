// Package claim does an effect once that has no key of its own, such as sending
// a mail: S3 remembers who is about to do it, and what came of it.
//
//  1. create claims/<kind>/<hash>  {INTENT, owner, fingerprint, expires}     If-None-Match: *
//  2. do the effect
//  3. replace it                   {SENT, outcome}                           If-Match: what 1 wrote
//
// Whoever finds the object decides by what it says:
//
//	SENT                      the outcome is returned, nothing is done
//	INTENT, our own nonce     the answer to our own write was lost: go on
//	INTENT, not expired       somebody is at it: come back when it expires (Defer)
//	INTENT, expired           its owner is gone; nobody knows whether the effect happened:
//	                            at least once: take over with If-Match on what was just read, and do it
//	                            at most once:  nobody does it again; a person must look (Park)
//	FREE                      its owner knows that the effect did not happen: take over
//	another fingerprint       the same id for something else: a conflict, never merged
//
// An INTENT outlives its owner: it expires after the invocation's deadline, with
// room for clocks that differ. So there are never two at it, and the effect
// happens more than once only if the owner was lost between the effect and the
// SENT mark.
package claim
