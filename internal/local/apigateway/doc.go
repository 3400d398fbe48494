// Package apigateway is an Amazon API Gateway HTTP API on one machine: routes in
// front of functions, by Lambda proxy integration with payload format 2.0.
//
//		request ─► authorisation ─► route ─► throttle ─► event (2.0) ─► Invoker ─► function
//		                 │            │         │            │                      │
//		                403          404       429          413       500, 503 ◄────┤
//		response ◄──────────────────── status, headers, cookies, body ◄─────────────┘
//
//	 1. A route that is not public is for an IAM caller. Whoever serves the API checks
//	    the signature ([API.Open] tells where none is asked for); here the caller is
//	    told to the function as the machine's own account.
//	 2. [New] reads the routes as the choreography has them: "GET /requests/{id}",
//	    "ANY /files/{path+}" or "$default", each to a function. The most specific one
//	    takes a request; whatever its path has is told as it is on AWS: decoded.
//	 3. The stage's throttle takes a token, of the route's bucket if it has its own.
//	 4. The function gets the event and answers. What it answers is taken as API
//	    Gateway takes it: without a statusCode the whole answer is the body.
//	 5. The function has [IntegrationTimeout]; what it does after that nobody hears.
//
// What the pages of AWS leave open is done as it was seen to be: see event.go and
// response.go, each where it matters. There is one stage, $default, so paths have
// no prefix; there is no TLS, no custom domain, no JWT authorizer, and no
// parameter mapping.
//
// route.go, event.go, response.go, cors.go and throttle.go know what a request is
// and what becomes of it; wire.go alone writes answers.
//
// The pages: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html
package apigateway
