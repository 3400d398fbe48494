# One whole environment: the modules, and what passes between them. Everything
# that repeats comes from the choreography.

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  name   = "sluice-${var.environment}"
  region = data.aws_region.here.name

  # Buckets have one name space for the world, so account and Region are in it.
  bucket = "${local.name}-${data.aws_caller_identity.here.account_id}-${local.region}"

  choreography = jsondecode(file(var.choreography))

  # A function makes the calls of the features that are on, beside its own.
  features = merge(var.features, { guardrail = var.guardrail != null })
  workflow = try(local.features["workflow"], false)

  # By its name, since the functions that it calls must know it.
  workflow_arn = local.workflow ? "arn:${data.aws_partition.here.partition}:states:${local.region}:${data.aws_caller_identity.here.account_id}:stateMachine:${local.name}" : null

  functions = { for name, f in local.choreography.functions : name => merge(f, {
    calls = merge(f.calls, [for feature, calls in try(f.callsIf, {}) : calls if try(local.features[feature], false)]...)
  }) }
  subscriptions = { for name, s in local.choreography.subscriptions : name => {
    function    = s.function
    bus         = s.bus
    pattern     = jsonencode(s.pattern)
    schedule    = try(s.schedule, null)
    batch       = s.batch
    window      = s.window
    concurrency = s.concurrency
    visibility  = s.visibility
    maxReceives = s.maxReceives
  } }
}

module "key" {
  source = "../key"

  name          = local.name
  deletion_days = var.key_deletion_days
}

module "bus" {
  source = "../bus"

  name               = local.name
  region             = local.region
  key_arn            = module.key.arn
  role_names         = [for name, _ in local.functions : "${local.name}-${name}-${local.region}"]
  operator_roles     = var.operator_roles
  upstream_accounts  = var.upstream_accounts
  upstream_roles     = var.upstream_roles
  stored_subscribers = var.stored_subscribers
  stored_webhooks    = var.stored_webhooks
  events             = { for name, e in local.choreography.events : name => { version = e.version } }
  schemas            = coalesce(var.schemas, "${dirname(var.choreography)}/../schemas")
  archive_days       = var.archive_days
}

module "storage" {
  source = "../storage"

  bucket          = local.bucket
  key_arn         = module.key.arn
  expire_days     = var.expire_days
  noncurrent_days = var.noncurrent_days
  force_destroy   = var.force_destroy
}

module "email" {
  source = "../email"

  name               = local.name
  sender             = var.sender
  identity           = var.sender_identity
  create_identity    = var.create_sender_identity
  sandbox_recipients = var.sandbox_recipients
}

module "bedrock" {
  source = "../bedrock"

  name         = local.name
  key_arn      = module.key.arn
  models       = distinct(concat([var.model], var.more_models))
  own_profiles = var.own_inference_profiles
  guardrail    = var.guardrail
}

module "network" {
  source = "../network"
  count  = var.in_vpc ? 1 : 0

  name                = local.name
  cidr                = var.vpc_cidr
  zones               = var.zones
  existing            = var.existing_vpc
  interface_endpoints = var.interface_endpoints
  role_arns           = values(module.pipeline.role_arns)
  statements          = module.pipeline.statements
  services            = local.services
}

module "observability" {
  source = "../observability"

  name                   = local.name
  environment            = var.environment
  region                 = local.region
  bus                    = module.bus.name
  functions              = keys(local.functions)
  queues                 = { for name, queue in module.pipeline.queues : name => queue.name }
  dead_letter_queues     = merge({ for name, queue in module.pipeline.queues : name => queue.dlq_name }, module.bus.dead_letter_queues)
  retention_days         = var.log_days
  audit_days             = var.audit_days
  key_arn                = module.key.arn
  alarm_emails           = var.alarm_emails
  pager_topic_arns       = var.pager_topic_arns
  oldest_message_seconds = var.oldest_message_seconds
  traffic_expected_hours = var.traffic_expected_hours
  model_usd_per_day      = var.model_usd_per_day
  quotas                 = { for model, quota in var.quotas : model => { tokens_per_minute = quota.tokens_per_minute } }
  budget_usd_per_month   = var.budget_usd_per_month
  cost_tag               = { key = "sluice:environment", value = var.environment }
}

module "pipeline" {
  source = "../pipeline"

  name                 = local.name
  functions            = local.functions
  subscriptions        = local.subscriptions
  dead_letters         = local.choreography.deadLetters
  packages             = var.packages
  variables            = local.variables
  variables_of         = local.variables_of
  memory               = var.memory
  concurrency          = var.concurrency
  reserved_concurrency = local.kept
  network              = var.in_vpc ? { subnet_ids = module.network[0].subnet_ids, security_group_ids = module.network[0].security_group_ids } : null
  log_groups           = module.observability.log_groups
  key_arn              = module.key.arn
  bus                  = { name = module.bus.name, arn = module.bus.arn }
  bucket               = { name = module.storage.name, arn = module.storage.arn }
  configuration_set    = module.email.configuration_set
  identity_arns        = module.email.identity_arns
  workflow_arn         = local.workflow_arn
  model_arns           = module.bedrock.model_arns
  guardrail_arn        = try(module.bedrock.guardrail.arn, null)
}

module "workflow" {
  source = "../workflow"
  count  = local.workflow ? 1 : 0

  name           = local.name
  definition     = "${path.module}/../../workflow.asl.json"
  function_arn   = module.pipeline.functions["analyze"].arn
  queues         = module.pipeline.queues
  key_arn        = module.key.arn
  retention_days = var.log_days
}

module "api" {
  source = "../api"
  count  = length(local.choreography.routes) > 0 ? 1 : 0

  name            = local.name
  routes          = local.routes
  functions       = module.pipeline.functions
  authoriser      = var.authoriser
  burst           = var.api_burst
  rate            = var.api_requests_per_second
  retention_days  = var.log_days
  key_arn         = module.key.arn
  allowed_origins = var.api_allowed_origins
}
