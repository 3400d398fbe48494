output "subnet_ids" {
  description = "The subnets that functions run in."
  value       = local.subnet_ids
}

output "security_group_ids" {
  description = "The security groups of functions."
  value       = [aws_security_group.functions.id]
}

output "vpc_id" {
  description = "The VPC."
  value       = local.vpc_id
}

output "endpoints" {
  description = "The services with an interface endpoint, by IAM's name."
  value       = { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.service_name }
}

output "endpoint_policies" {
  description = "The policy of each endpoint, JSON."
  value       = { for service, document in data.aws_iam_policy_document.endpoint : service => document.json }
}
