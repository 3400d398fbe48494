terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      "sluice:environment" = basename(abspath(path.module))
      "sluice:managed-by"  = "terraform"
    }
  }
}
