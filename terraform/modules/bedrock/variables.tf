variable "models" {
  description = "Ids of the models and inference profiles that tasks may name."
  type        = list(string)

  validation {
    condition     = length(var.models) > 0 && alltrue([for id in var.models : can(regex("^[a-z0-9-]+\\.[A-Za-z0-9.:-]+$", id))])
    error_message = "At least one model; a model is like amazon.nova-lite-v1:0 or global.anthropic.claude-haiku-4-5-20251001-v1:0."
  }
}
