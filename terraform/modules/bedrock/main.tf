# Which ARNs asking a model takes. A model may be asked by its own id, or by an
# inference profile of a geography (us., eu., global. …) that carries the call to
# other Regions.

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  bedrock = "arn:${data.aws_partition.here.partition}:bedrock"
  region  = data.aws_region.here.name
  profile = "^(global|us|us-gov|eu|apac|jp|au|ca)\\."

  # The model's own id, without the geography.
  models = { for id in var.models : id => replace(id, "/${local.profile}/", "") }

  profiles = [for id in var.models : "${local.bedrock}:${local.region}:${data.aws_caller_identity.here.account_id}:inference-profile/${id}" if can(regex(local.profile, id))]

  # A profile's call needs the model where it is made and wherever it is carried:
  # a geography's Regions, which AWS may add to, or, for global ones, no Region.
  # https://docs.aws.amazon.com/bedrock/latest/userguide/geographic-cross-region-inference.html
  # https://docs.aws.amazon.com/bedrock/latest/userguide/global-cross-region-inference.html
  foundation = flatten([for id, model in local.models :
    startswith(id, "global.") ? ["${local.bedrock}:${local.region}::foundation-model/${model}", "${local.bedrock}:::foundation-model/${model}"] :
    can(regex(local.profile, id)) ? ["${local.bedrock}:*::foundation-model/${model}"] :
    ["${local.bedrock}:${local.region}::foundation-model/${model}"]
  ])
}
