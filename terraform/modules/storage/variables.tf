variable "bucket" {
  description = "The bucket's name."
  type        = string
}

variable "key_arn" {
  description = "The key that objects are encrypted with."
  type        = string
}

variable "expire_days" {
  description = "After how many days objects go, by prefix. A prefix that is not listed is kept."
  type        = map(number)

  validation {
    condition     = alltrue([for prefix, days in var.expire_days : can(regex("^[a-z]+/$", prefix)) && days >= 1])
    error_message = "A prefix is like \"answers/\", and days are 1 or more."
  }
}

variable "noncurrent_days" {
  description = "How many days an overwritten or deleted object can still be brought back."
  type        = number
}

variable "force_destroy" {
  description = "Destroying the environment takes the objects with it."
  type        = bool
}
