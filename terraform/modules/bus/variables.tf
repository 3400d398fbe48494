variable "name" {
  description = "The bus's name, which every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "region" {
  description = "The Region, which names of roles end with."
  type        = string
}

variable "key_arn" {
  description = "The key that queues are encrypted with."
  type        = string
}

variable "role_names" {
  description = "The names of the functions' roles: they alone may say events of our own source."
  type        = list(string)
}

variable "operator_roles" {
  description = "ARNs of roles that may say any event, for repairs by hand."
  type        = list(string)
}

variable "upstream_accounts" {
  description = "Accounts that may put RequestReceived on the bus."
  type        = list(string)

  validation {
    condition     = alltrue([for id in var.upstream_accounts : can(regex("^[0-9]{12}$", id))])
    error_message = "An account is 12 digits."
  }
}

variable "upstream_roles" {
  description = "ARNs of roles that may put RequestReceived on the bus."
  type        = list(string)

  validation {
    condition     = alltrue([for arn in var.upstream_roles : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/", arn))])
    error_message = "A role is named by its ARN."
  }
}

variable "stored_subscribers" {
  description = "Buses that are told of every result (Stored), by a name of yours; of some tenants alone, if any are listed. Their own policy must let our account put events."
  type = map(object({
    bus_arn = string
    tenants = optional(list(string), [])
  }))

  validation {
    condition     = alltrue([for name, _ in var.stored_subscribers : can(regex("^[a-z][a-z0-9-]{0,19}$", name))])
    error_message = "A subscriber's name is [a-z0-9-], at most 20 characters."
  }
}

variable "stored_webhooks" {
  description = "Web addresses that are told of every result (Stored), by a name of yours; of some tenants alone, if any are listed. The header holds the secret by which they know who calls."
  type = map(object({
    url        = string
    header     = optional(string, "X-Sluice-Secret")
    per_second = optional(number, 10)
    tenants    = optional(list(string), [])
  }))

  validation {
    condition     = alltrue([for name, s in var.stored_webhooks : can(regex("^[a-z][a-z0-9-]{0,19}$", name)) && startswith(s.url, "https://")])
    error_message = "A webhook's name is [a-z0-9-], at most 20 characters, and its address begins with https://."
  }
  validation {
    condition     = length(setintersection(keys(var.stored_webhooks), keys(var.stored_subscribers))) == 0
    error_message = "A webhook and a bus have the same name."
  }
}

variable "events" {
  description = "The event types with their version, for the schema registry."
  type        = map(object({ version = number }))
}

variable "schemas" {
  description = "The folder with <Event>.v<version>.json."
  type        = string
}

variable "archive_days" {
  description = "How long events can be replayed."
  type        = number
}
