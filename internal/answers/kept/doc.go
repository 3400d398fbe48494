// Package kept is the object under answers/ that holds what a model said: the
// answer with its usage and cost, and which request paid for it. analyze writes
// it, store reads it.
//
// Of uploads there are bundles besides: up to a hundred answers, a line each, in one
// object under answers/bundles/, so that store makes one call for all of them. A
// bundle is a copy that may be gone at any time.
//
// The key is an HMAC, so it tells nothing about the input, and the object holds
// nothing of the input but what the answer repeats. It expires by the bucket's
// lifecycle.
package kept
