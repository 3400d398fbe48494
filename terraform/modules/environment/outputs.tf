output "bus_arn" {
  description = "The bus that upstream systems put RequestReceived on."
  value       = module.bus.arn
}

output "bucket" {
  description = "The bucket; files go under uploads/<tenant>/<task>/."
  value       = module.storage.name
}

output "api_url" {
  description = "Where the API is; null while the choreography has no routes."
  value       = try(module.api[0].url, null)
}

output "dashboard_url" {
  description = "The dashboard in the console: how it goes, on one page."
  value       = module.observability.dashboard_url
}

output "queues_url" {
  description = "The queues in the console."
  value       = "https://${local.region}.console.aws.amazon.com/sqs/v3/home?region=${local.region}#/queues"
}

output "queues" {
  description = "Name and URL of each subscription's queue and dead-letter queue."
  value       = module.pipeline.queues
}

output "functions" {
  description = "Each function's name."
  value       = { for name, f in module.pipeline.functions : name => f.name }
}

output "mappings" {
  description = "The id of each event source mapping, to switch one off by hand."
  value       = module.pipeline.mappings
}

output "archive_arn" {
  description = "The archive of everything that was said, for a replay."
  value       = module.bus.archive_arn
}

output "configuration_set" {
  description = "The SES configuration set that every mail is sent with."
  value       = module.email.configuration_set.name
}

output "dkim_records" {
  description = "CNAME records that prove the sender's domain, for your DNS."
  value       = module.email.dkim_records
}

output "alarm_topic_arn" {
  description = "The topic that alarms go to."
  value       = module.observability.topic_arn
}

output "audit_log_group" {
  description = "The log group of the audit trail: every event but RequestReceived."
  value       = module.observability.audit_log_group
}

output "key_arn" {
  description = "The key that everything is encrypted with; whoever reads the bucket must be allowed it."
  value       = module.key.arn
}

output "vpc_id" {
  description = "The VPC that functions run in; null outside of any."
  value       = try(module.network[0].vpc_id, null)
}

output "schema_registry" {
  description = "The EventBridge registry of the events' schemas."
  value       = module.bus.registry
}

output "webhook_secrets" {
  description = "What each webhook finds in its header."
  value       = module.bus.webhook_secrets
  sensitive   = true
}

# For tests and reviews.

output "statements" {
  description = "What each function may call: by function and action, on which resources and under which conditions."
  value       = module.pipeline.statements
}

output "endpoints" {
  description = "The services with an interface endpoint, by the name that IAM has for them."
  value       = try(module.network[0].endpoints, {})
}

output "policies" {
  description = "The policies of each function, JSON, by function and name."
  value       = module.pipeline.policies
}

output "bus_policy" {
  description = "The bus's policy, JSON."
  value       = module.bus.policy
}

output "patterns" {
  description = "Each rule's event pattern, JSON."
  value       = module.pipeline.patterns
}

output "schedules" {
  description = "When each rule that has a clock says something of its own accord, as EventBridge writes it."
  value       = module.pipeline.schedules
}

output "endpoint_policies" {
  description = "The policy of each VPC endpoint, JSON."
  value       = try(module.network[0].endpoint_policies, {})
}

output "workflow_arn" {
  description = "The state machine that runs requests with audit: true; null while the feature is off."
  value       = try(module.workflow[0].arn, null)
}
