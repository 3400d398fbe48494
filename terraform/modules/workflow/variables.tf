variable "name" {
  description = "The state machine's name, and what every other one begins with: sluice-<environment>."
  type        = string
}

variable "definition" {
  description = "The path of workflow.asl.json."
  type        = string
}

variable "function_arn" {
  description = "analyze, which the workflow calls directly."
  type        = string
}

variable "queues" {
  description = "The queues of analyze, store and notify, with their dead-letter queues."
  type = map(object({
    url     = string
    arn     = string
    dlq_url = string
    dlq_arn = string
  }))
}

variable "key_arn" {
  description = "The key that everything is encrypted with."
  type        = string
}

variable "retention_days" {
  description = "How long the log is kept."
  type        = number
}
