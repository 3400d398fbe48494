variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "functions" {
  description = "The functions' names in the choreography."
  type        = set(string)
}

variable "dead_letter_queues" {
  description = "Names of the queues that should be empty, by a key of any kind."
  type        = map(string)
}

variable "retention_days" {
  description = "How long logs are kept; the ledger of model calls is among them."
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

variable "budget_usd_per_month" {
  description = "What AWS may bill for the environment in a month before somebody is told; 0 is no budget."
  type        = number
}

variable "cost_tag" {
  description = "The tag that everything of the environment bears."
  type        = object({ key = string, value = string })
}
