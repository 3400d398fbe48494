variable "name" {
  description = "The configuration set's name: sluice-<environment>."
  type        = string
}

variable "sender" {
  description = "The address that mails come from, with or without a name."
  type        = string

  validation {
    condition     = can(regex("^([^<>@]*<)?[^<>@\\s]+@[^<>@\\s]+\\.[^<>@\\s]+>?$", var.sender))
    error_message = "The sender is an address, or Name <address>."
  }
}

variable "identity" {
  description = "The SES identity that the sender belongs to: a domain, or the address. Null is the sender's domain."
  type        = string
}

variable "create_identity" {
  description = "The identity is made here; false where the account has it already."
  type        = bool
}

variable "sandbox_recipients" {
  description = "While the account is in SES's sandbox: addresses that mails may go to. SES asks each for confirmation."
  type        = list(string)
}
