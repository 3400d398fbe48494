variable "name" {
  description = "What every name of the environment begins with: sluice-<environment>."
  type        = string
}

variable "cidr" {
  description = "The addresses of a VPC made here, /20 or larger."
  type        = string
}

variable "zones" {
  description = "How many availability zones a VPC made here has subnets in."
  type        = number
}

variable "existing" {
  description = "A VPC of yours in place of one made here. Its route tables, if any are listed, get the gateway to S3."
  type = object({
    vpc_id          = string
    subnet_ids      = list(string)
    route_table_ids = optional(list(string), [])
  })
}

variable "interface_endpoints" {
  description = "Interface endpoints are made here."
  type        = bool

  validation {
    condition     = var.interface_endpoints || var.existing != null
    error_message = "A VPC made here has no other way out than interface endpoints: leave them on, or set in_vpc = false."
  }
}

variable "services" {
  description = "The services that functions call: IAM's name and that of the endpoint."
  type        = map(string)
}

variable "statements" {
  description = "What functions may call: by function and action, on which resources."
  type        = map(map(object({ resources = list(string) })))
}

variable "role_arns" {
  description = "The roles of the functions, for which the endpoints are."
  type        = list(string)
}
