# The state holds secrets. Keep it in an encrypted bucket of your own with
# versioning: terraform init -backend-config=backend.hcl, with
#   bucket = "…", key = "sluice/dev.tfstate", region = "…", use_lockfile = true, encrypt = true
# Until then it lies in this folder, which git ignores.
#
# terraform {
#   backend "s3" {}
# }
