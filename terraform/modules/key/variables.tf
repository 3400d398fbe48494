variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "deletion_days" {
  description = "How many days a deleted key can still be brought back, 7 to 30."
  type        = number
}
