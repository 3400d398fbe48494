variable "region" {
  description = "The Region."
  type        = string
}

# Mail

variable "sender" {
  description = "The address that mails come from, with or without a name."
  type        = string
}

variable "sender_identity" {
  description = "The SES identity that the sender belongs to: a domain, or the address. Null is the sender's domain."
  type        = string
  default     = null
}

variable "create_sender_identity" {
  description = "The identity is made here; false where the account has it already, as when two environments of an account send by one domain."
  type        = bool
  default     = true
}

variable "recipient_domains" {
  description = "Domains that may be mailed; [\"*\"] is all."
  type        = list(string)
}

variable "sandbox_recipients" {
  description = "While the account is in SES's sandbox: addresses that mails may go to."
  type        = list(string)
  default     = []
}

# Who may do what

variable "upstream_accounts" {
  description = "Accounts that may put RequestReceived on the bus, and nothing else."
  type        = list(string)
  default     = []
}

variable "upstream_roles" {
  description = "ARNs of roles that may put RequestReceived on the bus, and nothing else."
  type        = list(string)
  default     = []
}

variable "tenants" {
  description = "Which tenant an account speaks for, by account. One that is not listed is a tenant by its own number."
  type        = map(string)
  default     = {}
}

variable "operator_roles" {
  description = "ARNs of roles that may say any event, for repairs by hand."
  type        = list(string)
  default     = []
}

variable "stored_subscribers" {
  description = "Buses that are told of every result (Stored), by a name of yours; of some tenants alone, if any are listed."
  type = map(object({
    bus_arn = string
    tenants = optional(list(string), [])
  }))
  default = {}
}

variable "stored_webhooks" {
  description = "Web addresses that are told of every result (Stored), by a name of yours, with a secret in a header; of some tenants alone, if any are listed."
  type = map(object({
    url        = string
    header     = optional(string, "X-Sluice-Secret")
    per_second = optional(number, 10)
    tenants    = optional(list(string), [])
  }))
  default = {}
}

# Models, their quotas, and what they may cost

variable "model" {
  description = "The model or inference profile that tasks ask which name none."
  type        = string
  default     = "global.anthropic.claude-haiku-4-5-20251001-v1:0"
}

variable "more_models" {
  description = "Further models and inference profiles that tasks may name."
  type        = list(string)
  default     = []
}

variable "own_inference_profiles" {
  description = "Models are asked by inference profiles of the environment's own, so that the bill tells what they cost here."
  type        = bool
  default     = true
}

variable "guardrail" {
  description = "What a guardrail stops: content filters by type with their strength (LOW, MEDIUM, HIGH), and kinds of personal data. Null is no guardrail."
  type = object({
    filters     = optional(map(string), { PROMPT_ATTACK = "HIGH" })
    blocked_pii = optional(list(string), [])
  })
  default = null
}

variable "quotas" {
  description = "The account's quotas by model, * for every other one. Without one, calls are paced from the first throttle on."
  type = map(object({
    tokens_per_minute   = number
    requests_per_minute = optional(number)
  }))
  default = {}
}

variable "calls_in_flight" {
  description = "Most model calls of one sandbox at the same time, 1 to 1000."
  type        = number
  default     = 10
}

variable "model_usd_per_day" {
  description = "What models may cost in a UTC day, a hard limit; 0 is none."
  type        = number
}

variable "tenant_usd_per_day" {
  description = "What models may cost each tenant in a UTC day; * is every tenant that is not listed."
  type        = map(number)
  default     = {}
}

variable "past_budget" {
  description = "What becomes of requests past a limit: defer (wait for the next day) or reject."
  type        = string
  default     = "defer"
}

# What may be left out

variable "features" {
  description = "Optional parts: workflow runs requests with audit: true as Step Functions executions."
  type = object({
    workflow = optional(bool, false)
  })
  default = {}
}

# Sizes

variable "memory" {
  description = "MB for a function, in place of the choreography's."
  type        = map(number)
  default     = {}
}

variable "concurrency" {
  description = "Most sandboxes that a subscription has at the same time, in place of the choreography's."
  type        = map(number)
  default     = {}
}

variable "reserved_concurrency" {
  description = "Sandboxes that are kept for a function, by function, in place of the choreography's; they are taken from the account's."
  type        = map(number)
  default     = {}
}

variable "interactive_share" {
  description = "The part of the models' quotas that is kept for those who wait for an answer, more than 0 and less than 1; the queues have the rest."
  type        = number
  default     = 0.2
}

# Network

variable "in_vpc" {
  description = "Functions run in private subnets; false is Lambda's own network, which costs nothing."
  type        = bool
  default     = true
}

variable "existing_vpc" {
  description = "A VPC of yours in place of one made here. Its route tables, if any are listed, get the gateway to S3."
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    route_table_ids = optional(list(string), [])
  })
  default = null
}

variable "interface_endpoints" {
  description = "Interface endpoints are made here. Only an existing VPC with its own, or with a NAT, may go without."
  type        = bool
  default     = true
}

variable "vpc_cidr" {
  description = "The addresses of a VPC made here, /20 or larger."
  type        = string
  default     = "10.90.0.0/20"
}

variable "zones" {
  description = "How many availability zones a VPC made here has subnets in; each endpoint costs per zone."
  type        = number
  default     = 2
}

# API

variable "authoriser" {
  description = "Who may call the API: those with a JWT (issuer, audience), or those who sign with IAM."
  type = object({
    type     = string
    issuer   = optional(string)
    audience = optional(list(string), [])
    scopes   = optional(list(string), [])
  })
  default = { type = "AWS_IAM" }
}

variable "api_requests_per_second" {
  description = "Requests per second that the API takes in the long run."
  type        = number
  default     = 50
}

variable "api_burst" {
  description = "Requests that the API takes at the same time."
  type        = number
  default     = 100
}

variable "api_allowed_origins" {
  description = "Origins of web pages that may call the API; none is no CORS."
  type        = list(string)
  default     = []
}

# How long things are kept, and what they may cost

variable "expire_days" {
  description = "After how many days objects go, by prefix. A prefix that is not listed is kept."
  type        = map(number)
  default = {
    "uploads/"  = 90
    "payloads/" = 30
    "requests/" = 90
    "answers/"  = 30
    "results/"  = 365
    "claims/"   = 30
    "progress/" = 90
    "reports/"  = 180
    "budgets/"  = 40
  }
}

variable "noncurrent_days" {
  description = "How many days an overwritten or deleted object can still be brought back."
  type        = number
  default     = 7
}

variable "archive_days" {
  description = "How long events can be replayed. The archive holds users' text."
  type        = number
  default     = 14
}

variable "log_days" {
  description = "How long logs are kept, the ledger of model calls among them."
  type        = number
  default     = 30
}

variable "audit_days" {
  description = "How long the audit trail is kept: every event but RequestReceived."
  type        = number
  default     = 90
}

variable "key_deletion_days" {
  description = "How many days a deleted key can still be brought back, 7 to 30."
  type        = number
  default     = 30
}

variable "force_destroy" {
  description = "Destroying the environment takes the bucket's objects with it."
  type        = bool
  default     = false
}

variable "alarm_emails" {
  description = "Who is told of alarms and of the budget."
  type        = list(string)
  default     = []
}

variable "pager_topic_arns" {
  description = "Topics that are told once for the environment as a whole, when its first alarm begins and its last one ends."
  type        = list(string)
  default     = []
}

variable "oldest_message_seconds" {
  description = "How old a queue's oldest message may be before somebody is told, by subscription, in place of the built-in limits."
  type        = map(number)
  default     = {}
}

variable "traffic_expected_hours" {
  description = "So many hours without a request are an alarm, at most 24; 0 where none need come."
  type        = number
  default     = 0
}

variable "budget_usd_per_month" {
  description = "What AWS may bill for the environment in a month before somebody is told; 0 is no budget."
  type        = number
  default     = 0
}
