variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "functions" {
  description = "The functions of the choreography. timeout is in seconds, memory and storage in MB; calls are IAM actions with what each is made on."
  type = map(object({
    timeout = number
    memory  = number
    storage = optional(number, 512)
    calls   = map(list(string))
  }))
}

variable "subscriptions" {
  description = "The subscriptions of the choreography; pattern is JSON, schedule is rate(…) or cron(…), null for none. Seconds are window and visibility."
  type = map(object({
    function    = string
    bus         = string
    pattern     = string
    schedule    = optional(string)
    batch       = number
    window      = number
    concurrency = number
    visibility  = number
    maxReceives = number
  }))

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.schedule == null || s.bus == "default"])
    error_message = "EventBridge runs schedules on the default bus only."
  }
}

variable "dead_letters" {
  description = "How every dead-letter queue is drained."
  type = object({
    function    = string
    batch       = number
    window      = number
    concurrency = number
    visibility  = number
  })
}

variable "packages" {
  description = "The folder with <function>.zip for each function."
  type        = string
}

variable "variables" {
  description = "The variables of every function."
  type        = map(string)
}

variable "variables_of" {
  description = "Variables of some functions, by function. They may be secret."
  type        = map(map(string))
}

variable "memory" {
  description = "MB for a function, in place of the choreography's."
  type        = map(number)
}

variable "concurrency" {
  description = "Most sandboxes that a subscription has at the same time, in place of the choreography's."
  type        = map(number)

  validation {
    condition     = alltrue([for most in values(var.concurrency) : most >= 2 && most <= 1000])
    error_message = "Lambda takes a maximum concurrency of 2 to 1000."
  }
}

variable "reserved_concurrency" {
  description = "Sandboxes that are kept for a function, by function."
  type        = map(number)
}

variable "network" {
  description = "Where functions run: null is outside of any VPC."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
}

variable "log_groups" {
  description = "The ARN of each function's log group."
  type        = map(string)
}

variable "key_arn" {
  description = "The key that everything is encrypted with."
  type        = string
}

variable "bus" {
  description = "The environment's bus."
  type        = object({ name = string, arn = string })
}

variable "bucket" {
  description = "The environment's bucket."
  type        = object({ name = string, arn = string })
}

variable "configuration_set" {
  description = "The environment's SES configuration set."
  type        = object({ name = string, arn = string })
}

variable "identity_arns" {
  description = "The SES identities that mail may be sent by, and in the sandbox those that may be mailed."
  type        = list(string)
}

variable "guardrail_arn" {
  description = "The guardrail that calls go past; null for none."
  type        = string
}

variable "model_arns" {
  description = "The models and inference profiles that may be asked."
  type        = list(string)
}

variable "workflow_arn" {
  description = "The state machine of the audited workflow; null where it is off."
  type        = string
  default     = null
}
