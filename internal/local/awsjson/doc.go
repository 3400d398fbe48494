// Package awsjson is what AWS's JSON protocols have in common, as the local
// services speak them.
//
//	request ──> Handle: the body, bounded ──> the service's operation
//	                                            ├─ result ──> 200, JSON
//	                                            └─ error  ──> Refuse: status, X-Amzn-Errortype, JSON
//
// [Protocol] says in what the services that speak JSON over REST differ: how long
// a request may be, and how they word a refusal. [Time] is a time as all of them
// write it.
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
package awsjson
