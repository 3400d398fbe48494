# What each function is told. All of them are told where they are; secrets and
# knobs go to those whose calls need them, so that a new function needs no edit
# here.

data "aws_secretsmanager_random_password" "secret" {
  for_each = local.secrets

  password_length            = 48
  exclude_punctuation        = true
  require_each_included_type = true
}

# A secret is drawn once and then kept, in the state and nowhere else; replace
# it by terraform apply -replace. Answers that are kept under the old one are
# not found again, and links in mails end.
resource "terraform_data" "secret" {
  for_each = local.secrets

  input = sensitive(data.aws_secretsmanager_random_password.secret[each.key].random_password)

  lifecycle {
    ignore_changes = [input]
  }
}

locals {
  secrets = toset(["answer", "link", "suppression"])

  # Which actions and words each function's calls have.
  actions = { for name, f in local.functions : name => keys(f.calls) }
  words   = { for name, f in local.functions : name => distinct(flatten(values(f.calls))) }
  routed  = distinct([for route in values(local.routes) : route.function])

  asks_models  = [for name, _ in local.functions : name if contains(local.actions[name], "bedrock:InvokeModel")]
  suppresses   = [for name, _ in local.functions : name if contains(local.words[name], "suppressions/")]
  writes_links = [for name, _ in local.functions : name if contains(local.actions[name], "ses:SendEmail") || contains(local.routed, name)]

  # An account that is not listed is a tenant by its own number; this one may
  # speak for every tenant, as its functions do.
  tenants = merge({ (data.aws_caller_identity.here.account_id) = "*" }, var.tenants)

  variables = {
    SLUICE_ENVIRONMENT       = var.environment
    SLUICE_BUS               = local.name
    SLUICE_BUCKET            = local.bucket
    SLUICE_TENANTS           = join(",", [for account, tenant in local.tenants : "${account}=${tenant}"])
    SLUICE_CONFIGURATION_SET = local.name
    SLUICE_SENDER            = var.sender
    SLUICE_RECIPIENT_DOMAINS = join(",", var.recipient_domains)
    SLUICE_API_URL           = try(module.api[0].url, "")
  }

  # How models are asked and what that may cost.
  knobs = { for name, value in {
    SLUICE_MODEL                      = var.model
    SLUICE_QUOTAS                     = join(",", [for model, quota in var.quotas : "${model}=${quota.tokens_per_minute}${quota.requests_per_minute == null ? "" : "/${quota.requests_per_minute}"}"])
    SLUICE_CALLS_IN_FLIGHT            = tostring(var.calls_in_flight)
    SLUICE_BUDGET_USD_PER_DAY         = var.model_usd_per_day == 0 ? "" : tostring(var.model_usd_per_day)
    SLUICE_TENANT_BUDGETS_USD_PER_DAY = join(",", [for tenant, usd in var.tenant_usd_per_day : "${tenant}=${usd}"])
    SLUICE_PAST_BUDGET                = var.past_budget
    SLUICE_INFERENCE_PROFILES         = join(",", [for model, arn in module.bedrock.profiles : "${model}=${arn}"])
    SLUICE_GUARDRAIL                  = module.bedrock.guardrail == null ? "" : "${module.bedrock.guardrail.id}:${module.bedrock.guardrail.version}"
  } : name => value if value != "" }

  # Sandboxes that are kept for a function: those that routes lead to answer
  # somebody who waits.
  kept = merge({ for name, f in local.functions : name => f.concurrency if can(f.concurrency) }, var.reserved_concurrency)

  # Those who wait have a share of the models' quotas of their own.
  shares = { for name in local.asks_models : name => tostring(contains(local.routed, name) ? var.interactive_share : 1 - var.interactive_share) }

  # Sandboxes share the quota, so each is told how many there may be.
  sandboxes = { for name, _ in local.functions : name => tostring(sum(concat([try(local.kept[name], 0)], [for key, s in local.subscriptions : lookup(var.concurrency, key, s.concurrency) if s.function == name]))) }

  variables_of = { for name, _ in local.functions : name => merge(
    contains(local.asks_models, name) ? local.knobs : {},
    contains(local.asks_models, name) ? { SLUICE_QUOTA_SHARE = local.shares[name] } : {},
    contains(local.asks_models, name) ? { SLUICE_ANSWER_SECRET = terraform_data.secret["answer"].output } : {},
    contains(local.asks_models, name) && local.sandboxes[name] != "0" ? { SLUICE_SANDBOXES = local.sandboxes[name] } : {},
    contains(local.actions[name], "states:StartExecution") ? { SLUICE_WORKFLOW_ARN = local.workflow_arn } : {},
    contains(local.suppresses, name) ? { SLUICE_SUPPRESSION_SECRET = terraform_data.secret["suppression"].output } : {},
    contains(local.writes_links, name) ? { SLUICE_LINK_SECRET = terraform_data.secret["link"].output } : {},
  ) }
}
