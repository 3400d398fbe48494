# Which models may be asked, by which way. A model may be asked by its own id, or by
# an inference profile of a geography (us., eu., global. …) that carries the call to
# other Regions.

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  bedrock = "arn:${data.aws_partition.here.partition}:bedrock"
  region  = data.aws_region.here.name
  account = data.aws_caller_identity.here.account_id
  profile = "^(global|us|us-gov|eu|apac|jp|au|ca)\\."

  # The model's own id, without the geography.
  models = { for id in var.models : id => replace(id, "/${local.profile}/", "") }

  carried = toset([for id in var.models : id if can(regex(local.profile, id))])
  system  = { for id in local.carried : id => "${local.bedrock}:${local.region}:${local.account}:inference-profile/${id}" }
}

# The Regions that a geography's profile carries calls to.
data "aws_bedrock_inference_profile" "geography" {
  for_each = toset([for id in local.carried : id if !startswith(id, "global.")])

  inference_profile_id = each.value
}

locals {
  # A profile's call needs the model where it is made and wherever it is carried:
  # a geography's Regions, or, for global ones, no Region.
  # https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html
  # https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html
  foundation = flatten([for id, model in local.models :
    startswith(id, "global.") ? ["${local.bedrock}:${local.region}::foundation-model/${model}", "${local.bedrock}:::foundation-model/${model}"] :
    contains(local.carried, id) ? [for m in data.aws_bedrock_inference_profile.geography[id].models : m.model_arn] :
    ["${local.bedrock}:${local.region}::foundation-model/${model}"]
  ])
}

# A profile of our own for each model. It bears the environment's tags, so the bill
# tells what models cost here; it changes neither price nor quota.
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-create.html
resource "aws_bedrock_inference_profile" "own" {
  for_each = toset(var.own_profiles ? var.models : [])

  name        = substr("${var.name}-${replace(each.value, "/[^a-zA-Z0-9]+/", "-")}", 0, 64)
  description = "What ${var.name} asks of ${each.value}"

  model_source {
    copy_from = lookup(local.system, each.value, "${local.bedrock}:${local.region}::foundation-model/${local.models[each.value]}")
  }
}
