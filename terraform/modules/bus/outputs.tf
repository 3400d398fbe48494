output "name" {
  description = "The bus's name."
  value       = aws_cloudwatch_event_bus.this.name
}

output "arn" {
  description = "The bus's ARN: what upstream systems put RequestReceived on."
  value       = aws_cloudwatch_event_bus.this.arn
}

output "archive_arn" {
  description = "The archive, for a replay."
  value       = aws_cloudwatch_event_archive.this.arn
}

output "policy" {
  description = "The bus's policy."
  value       = data.aws_iam_policy_document.bus.json
}

output "dead_letter_queues" {
  description = "Names of the queues that keep what could not be delivered to subscribers."
  value       = { for name, queue in aws_sqs_queue.stored : "to-${name}" => queue.name }
}

output "registry" {
  description = "The registry of the events' schemas."
  value       = aws_schemas_registry.this.name
}

output "webhook_secrets" {
  description = "What each webhook finds in its header."
  value       = { for name, secret in terraform_data.webhook : name => secret.output }
  sensitive   = true
}
