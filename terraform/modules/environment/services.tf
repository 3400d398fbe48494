# Which services the functions call, for their endpoints, and the routes.

locals {
  # IAM's names of services whose endpoint has another one. Passing a role is no
  # call, and S3 has a gateway.
  endpoint_names = { bedrock = "bedrock-runtime", ses = "email", s3 = "", iam = "" }

  called   = distinct([for action in flatten(values(local.actions)) : split(":", action)[0]])
  services = { for service in local.called : service => lookup(local.endpoint_names, service, service) if lookup(local.endpoint_names, service, service) != "" }

  # A route names its function. Whoever comes by one that ends with a token needs
  # no other leave: the token is signed.
  routes = { for route, to in local.choreography.routes : route => {
    function = try(to.function, to)
    public   = try(to.public, endswith(route, "/{token}"))
  } }
}
