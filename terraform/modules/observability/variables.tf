variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "environment" {
  description = "The environment's name, which is a dimension of every metric of ours."
  type        = string
}

variable "region" {
  description = "The Region, which the dashboard's graphs name."
  type        = string
}

variable "bus" {
  description = "The name of the environment's bus, whose events are kept as audit trail."
  type        = string
}

variable "functions" {
  description = "The functions' names in the choreography."
  type        = set(string)
}

variable "queues" {
  description = "Names of the queues, by subscription."
  type        = map(string)
}

variable "dead_letter_queues" {
  description = "Names of the queues that should be empty, by a key of any kind."
  type        = map(string)
}

variable "retention_days" {
  description = "How long logs are kept; the ledger of model calls is among them."
  type        = number
}

variable "audit_days" {
  description = "How long the audit trail is kept: every event but RequestReceived, with neither text nor addresses."
  type        = number
}

variable "key_arn" {
  description = "The key that logs and the topic are encrypted with."
  type        = string
}

variable "alarm_emails" {
  description = "Who is told of alarms. Each must confirm a mail of SNS's."
  type        = list(string)
}

variable "pager_topic_arns" {
  description = "Topics that are told once for the environment as a whole, when its first alarm begins and its last one ends."
  type        = list(string)
  default     = []
}

variable "oldest_message_seconds" {
  description = "How old a queue's oldest message may be, in seconds by subscription, in place of the module's own limits."
  type        = map(number)
  default     = {}
}

variable "traffic_expected_hours" {
  description = "So many hours without a request are an alarm; 0 where none need come."
  type        = number
  default     = 0

  validation {
    condition     = var.traffic_expected_hours >= 0 && var.traffic_expected_hours <= 24 && floor(var.traffic_expected_hours) == var.traffic_expected_hours
    error_message = "traffic_expected_hours is a whole number from 0 to 24."
  }
}

variable "model_usd_per_day" {
  description = "What models may cost in a day; an alarm comes at 80 % of it. 0 is no limit."
  type        = number
  default     = 0
}

variable "quotas" {
  description = "The account's quotas by model, which the dashboard draws."
  type        = map(object({ tokens_per_minute = number }))
  default     = {}
}

variable "budget_usd_per_month" {
  description = "What AWS may bill for the environment in a month before somebody is told; 0 is no budget."
  type        = number
}

variable "cost_tag" {
  description = "The tag that everything of the environment bears."
  type        = object({ key = string, value = string })
}
