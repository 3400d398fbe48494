output "url" {
  description = "Where the API is."
  value       = aws_apigatewayv2_api.this.api_endpoint
}
