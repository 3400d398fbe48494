variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "key_arn" {
  description = "The key that the guardrail is encrypted with."
  type        = string
}

variable "models" {
  description = "Ids of the models and inference profiles that tasks may name."
  type        = list(string)

  validation {
    condition     = length(var.models) > 0 && alltrue([for id in var.models : can(regex("^[a-z0-9-]+\\.[A-Za-z0-9.:-]+$", id))])
    error_message = "At least one model; a model is like amazon.nova-lite-v1:0 or global.anthropic.claude-haiku-4-5-20251001-v1:0."
  }
}

variable "own_profiles" {
  description = "Models are asked by inference profiles of the environment's own, for the bill."
  type        = bool
}

variable "guardrail" {
  description = "What a guardrail stops: Amazon Bedrock's content filters by type with their strength (LOW, MEDIUM, HIGH), and kinds of personal data. Null is no guardrail."
  type = object({
    filters     = optional(map(string), { PROMPT_ATTACK = "HIGH" })
    blocked_pii = optional(list(string), [])
  })

  validation {
    condition = var.guardrail == null || try(length(var.guardrail.filters) > 0 && alltrue([for type, strength in var.guardrail.filters :
      contains(["SEXUAL", "VIOLENCE", "HATE", "INSULTS", "MISCONDUCT", "PROMPT_ATTACK"], type) && contains(["LOW", "MEDIUM", "HIGH"], strength)
    ]), false)
    error_message = "Filters are SEXUAL, VIOLENCE, HATE, INSULTS, MISCONDUCT or PROMPT_ATTACK, at least one, each LOW, MEDIUM or HIGH."
  }
}
