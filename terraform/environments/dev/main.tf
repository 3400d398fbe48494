# The environment: its size and its rules are in terraform.tfvars, what it is
# made of in modules/environment. This file is the same in every environment.

module "sluice" {
  source = "../../modules/environment"

  environment  = basename(abspath(path.module))
  choreography = "../../../events/choreography.json"
  packages     = "${path.module}/../../../bin/packages"

  sender                  = var.sender
  sender_identity         = var.sender_identity
  create_sender_identity  = var.create_sender_identity
  recipient_domains       = var.recipient_domains
  sandbox_recipients      = var.sandbox_recipients
  upstream_accounts       = var.upstream_accounts
  upstream_roles          = var.upstream_roles
  tenants                 = var.tenants
  operator_roles          = var.operator_roles
  stored_subscribers      = var.stored_subscribers
  stored_webhooks         = var.stored_webhooks
  model                   = var.model
  more_models             = var.more_models
  own_inference_profiles  = var.own_inference_profiles
  guardrail               = var.guardrail
  quotas                  = var.quotas
  calls_in_flight         = var.calls_in_flight
  model_usd_per_day       = var.model_usd_per_day
  tenant_usd_per_day      = var.tenant_usd_per_day
  past_budget             = var.past_budget
  features                = var.features
  interactive_share       = var.interactive_share
  memory                  = var.memory
  concurrency             = var.concurrency
  reserved_concurrency    = var.reserved_concurrency
  in_vpc                  = var.in_vpc
  existing_vpc            = var.existing_vpc
  interface_endpoints     = var.interface_endpoints
  vpc_cidr                = var.vpc_cidr
  zones                   = var.zones
  authoriser              = var.authoriser
  api_requests_per_second = var.api_requests_per_second
  api_burst               = var.api_burst
  api_allowed_origins     = var.api_allowed_origins
  expire_days             = var.expire_days
  noncurrent_days         = var.noncurrent_days
  archive_days            = var.archive_days
  log_days                = var.log_days
  audit_days              = var.audit_days
  key_deletion_days       = var.key_deletion_days
  force_destroy           = var.force_destroy
  alarm_emails            = var.alarm_emails
  pager_topic_arns        = var.pager_topic_arns
  oldest_message_seconds  = var.oldest_message_seconds
  traffic_expected_hours  = var.traffic_expected_hours
  budget_usd_per_month    = var.budget_usd_per_month
}
