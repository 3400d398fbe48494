// Package service is the ground that the local services stand on, whatever AWS
// service they stand in for: whose account it is and in which region, by which
// clock, and how they refuse.
//
//	Config ──> the service's State ──> a result
//	                               └─> *Error: HTTP status, AWS's code, a sentence
//
// What is kept, how long and under which limits is each service's own, and so is
// the way in which an Error is written: package awsjson writes it for those that
// speak JSON over REST.
package service
