mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "sluice-test"
  routes          = { "POST /requests" = { function = "api", public = false }, "GET /reports/{token}" = { function = "api", public = true } }
  functions       = { api = { name = "sluice-test-api", invoke_arn = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/api/invocations" } }
  authoriser      = { type = "JWT", issuer = "https://id.example.com", audience = ["sluice"] }
  burst           = 100
  rate            = 50
  retention_days  = 7
  key_arn         = "arn:aws:kms:us-east-1:111122223333:key/mock"
  allowed_origins = []
}

run "only_signed_links_are_open" {
  command = apply

  assert {
    condition     = { for key, route in aws_apigatewayv2_route.this : key => route.authorization_type } == { "POST /requests" = "JWT", "GET /reports/{token}" = "NONE" }
    error_message = "A route is open that should not be, or the other way round."
  }
  assert {
    condition     = aws_apigatewayv2_stage.default.default_route_settings[0].throttling_rate_limit == 50 && aws_apigatewayv2_stage.default.default_route_settings[0].throttling_burst_limit == 100
    error_message = "The API is not throttled."
  }
  assert {
    condition     = !anytrue([for secret in ["path", "sourceIp", "userAgent"] : strcontains(aws_apigatewayv2_stage.default.access_log_settings[0].format, secret)])
    error_message = "The access log holds a link or who followed it."
  }
}

run "signed_by_iam" {
  command = apply

  variables {
    authoriser = { type = "AWS_IAM" }
  }
  assert {
    condition     = aws_apigatewayv2_route.this["POST /requests"].authorization_type == "AWS_IAM" && length(aws_apigatewayv2_authorizer.jwt) == 0
    error_message = "The route is not signed by IAM."
  }
}

run "never_open_by_mistake" {
  command = plan

  variables {
    authoriser = { type = "NONE" }
  }
  expect_failures = [var.authoriser]
}

run "no_page_calls_unless_its_origin_is_listed" {
  command = apply

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Pages of anybody may call."
  }
}

run "pages_may_send_and_read_the_headers_of_the_document" {
  command = apply

  variables {
    allowed_origins = ["https://app.example.com"]
  }
  assert {
    condition = length(setsubtract(
      concat(["authorization", "content-type"], [for p in values(yamldecode(file("../../../schemas/openapi.yaml")).components.parameters) : lower(p.name) if p.in == "header"]),
      aws_apigatewayv2_api.this.cors_configuration[0].allow_headers
    )) == 0
    error_message = "A page may not send a header that the API takes: ${jsonencode(aws_apigatewayv2_api.this.cors_configuration[0].allow_headers)}"
  }
  assert {
    condition = length(setsubtract(
      [for header in concat(
        flatten([for path in values(yamldecode(file("../../../schemas/openapi.yaml")).paths) : [for method in values(path) : [for r in values(try(method.responses, {})) : try(keys(r.headers), [])]]]),
        flatten([for r in values(yamldecode(file("../../../schemas/openapi.yaml")).components.responses) : try(keys(r.headers), [])]),
      ) : lower(header)],
      aws_apigatewayv2_api.this.cors_configuration[0].expose_headers
    )) == 0
    error_message = "A page may not read a header that the API answers: ${jsonencode(aws_apigatewayv2_api.this.cors_configuration[0].expose_headers)}"
  }
  assert {
    condition     = !anytrue([for header in aws_apigatewayv2_api.this.cors_configuration[0].allow_headers : startswith(header, "x-amz-")])
    error_message = "A page with a token needs no signature."
  }
}

run "pages_that_sign" {
  command = apply

  variables {
    allowed_origins = ["https://app.example.com"]
    authoriser      = { type = "AWS_IAM" }
  }
  assert {
    condition     = length(setsubtract(["authorization", "x-amz-date", "x-amz-security-token"], aws_apigatewayv2_api.this.cors_configuration[0].allow_headers)) == 0
    error_message = "A page cannot send its signature: ${jsonencode(aws_apigatewayv2_api.this.cors_configuration[0].allow_headers)}"
  }
}
