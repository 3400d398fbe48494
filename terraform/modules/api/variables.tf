variable "name" {
  description = "The API's name: sluice-<environment>."
  type        = string
}

variable "routes" {
  description = "Each route's function; a public one is open to whoever holds its signed link."
  type        = map(object({ function = string, public = bool }))
}

variable "functions" {
  description = "The functions' names and the ARNs that API Gateway calls them by."
  type        = map(object({ name = string, invoke_arn = string }))
}

variable "authoriser" {
  description = "Who may call: those with a JWT of an issuer for an audience, or those who sign with IAM (AWS_IAM)."
  type = object({
    type     = string
    issuer   = optional(string)
    audience = optional(list(string), [])
    scopes   = optional(list(string), [])
  })

  validation {
    condition     = contains(["JWT", "AWS_IAM"], var.authoriser.type)
    error_message = "The authoriser's type is JWT or AWS_IAM."
  }
  validation {
    condition     = var.authoriser.type != "JWT" || (var.authoriser.issuer != null && length(var.authoriser.audience) > 0)
    error_message = "A JWT authoriser needs an issuer and an audience."
  }
}

variable "burst" {
  description = "Most requests at the same time."
  type        = number
}

variable "rate" {
  description = "Requests per second in the long run."
  type        = number
}

variable "retention_days" {
  description = "How long access logs are kept."
  type        = number
}

variable "key_arn" {
  description = "The key that access logs are encrypted with."
  type        = string
}

variable "allowed_origins" {
  description = "Origins of web pages that may call; none is no CORS."
  type        = list(string)
}
