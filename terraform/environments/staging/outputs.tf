output "bus_arn" {
  description = "The bus that upstream systems put RequestReceived on."
  value       = module.sluice.bus_arn
}

output "bucket" {
  description = "The bucket; files go under uploads/<tenant>/<task>/."
  value       = module.sluice.bucket
}

output "api_url" {
  description = "Where the API is; null while the choreography has no routes."
  value       = module.sluice.api_url
}

output "dashboard_url" {
  description = "The dashboard in the console: how it goes, on one page."
  value       = module.sluice.dashboard_url
}

output "queues_url" {
  description = "The queues in the console."
  value       = module.sluice.queues_url
}

output "queues" {
  description = "Name and URL of each subscription's queue and dead-letter queue."
  value       = module.sluice.queues
}

output "functions" {
  description = "Each function's name."
  value       = module.sluice.functions
}

output "mappings" {
  description = "The id of each event source mapping, to switch one off by hand."
  value       = module.sluice.mappings
}

output "archive_arn" {
  description = "The archive of everything that was said, for a replay."
  value       = module.sluice.archive_arn
}

output "configuration_set" {
  description = "The SES configuration set that every mail is sent with."
  value       = module.sluice.configuration_set
}

output "dkim_records" {
  description = "CNAME records that prove the sender's domain, for your DNS."
  value       = module.sluice.dkim_records
}

output "alarm_topic_arn" {
  description = "The topic that alarms go to."
  value       = module.sluice.alarm_topic_arn
}

output "audit_log_group" {
  description = "The log group of the audit trail: every event but RequestReceived."
  value       = module.sluice.audit_log_group
}

output "workflow_arn" {
  description = "The state machine that runs requests with audit: true; null while the feature is off."
  value       = module.sluice.workflow_arn
}

output "key_arn" {
  description = "The key that everything is encrypted with; whoever reads the bucket must be allowed it."
  value       = module.sluice.key_arn
}

output "vpc_id" {
  description = "The VPC that functions run in; null outside of any."
  value       = module.sluice.vpc_id
}

output "schema_registry" {
  description = "The EventBridge registry of the events' schemas."
  value       = module.sluice.schema_registry
}

output "webhook_secrets" {
  description = "What each webhook finds in its header; terraform output -json webhook_secrets shows it."
  value       = module.sluice.webhook_secrets
  sensitive   = true
}
