# The HTTP API: the choreography's routes to their functions.

resource "aws_apigatewayv2_api" "this" {
  name          = var.name
  description   = "Requests and results of ${var.name}"
  protocol_type = "HTTP"

  dynamic "cors_configuration" {
    for_each = length(var.allowed_origins) > 0 ? [true] : []
    content {
      allow_origins  = var.allowed_origins
      allow_methods  = ["GET", "POST"]
      allow_headers  = concat(["authorization", "content-type", "idempotency-key", "prefer"], local.signature)
      expose_headers = ["accept-encoding", "allow", "content-location", "location", "preference-applied", "retry-after"]
      max_age        = 3600
    }
  }
}

resource "aws_apigatewayv2_authorizer" "jwt" {
  count = var.authoriser.type == "JWT" ? 1 : 0

  api_id           = aws_apigatewayv2_api.this.id
  name             = "jwt"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    issuer   = var.authoriser.issuer
    audience = var.authoriser.audience
  }
}

resource "aws_apigatewayv2_integration" "function" {
  for_each = local.functions

  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_method     = "POST"
  integration_uri        = var.functions[each.key].invoke_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 30000
}

locals {
  functions = toset([for route in values(var.routes) : route.function])

  # What a page sends besides that signs with IAM.
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
  signature = var.authoriser.type == "AWS_IAM" ? ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"] : []
}

# Public routes are those whose link is signed itself.
resource "aws_apigatewayv2_route" "this" {
  for_each = var.routes

  api_id               = aws_apigatewayv2_api.this.id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.function[each.value.function].id}"
  authorization_type   = each.value.public ? "NONE" : var.authoriser.type
  authorizer_id        = each.value.public || var.authoriser.type != "JWT" ? null : aws_apigatewayv2_authorizer.jwt[0].id
  authorization_scopes = each.value.public || var.authoriser.type != "JWT" ? null : var.authoriser.scopes
}

resource "aws_lambda_permission" "api" {
  for_each = local.functions

  statement_id  = "api"
  action        = "lambda:InvokeFunction"
  function_name = var.functions[each.key].name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_apigatewayv2_api.this.execution_arn}/*/*"
}

resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/apigateway/${var.name}-access"
  retention_in_days = var.retention_days
  kms_key_id        = var.key_arn
}

# The log names neither callers' addresses nor paths: public links are secrets.
resource "aws_apigatewayv2_stage" "default" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  default_route_settings {
    throttling_burst_limit   = var.burst
    throttling_rate_limit    = var.rate
    detailed_metrics_enabled = true
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      requestId        = "$context.requestId"
      time             = "$context.requestTimeEpoch"
      route            = "$context.routeKey"
      status           = "$context.status"
      bytes            = "$context.responseLength"
      latency          = "$context.responseLatency"
      functionLatency  = "$context.integrationLatency"
      functionStatus   = "$context.integrationStatus"
      authoriserError  = "$context.authorizer.error"
      integrationError = "$context.integrationErrorMessage"
    })
  }
}
