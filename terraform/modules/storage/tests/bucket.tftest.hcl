mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  bucket          = "sluice-test-111122223333-us-east-1"
  key_arn         = "arn:aws:kms:us-east-1:111122223333:key/mock"
  expire_days     = { "answers/" = 30, "uploads/" = 90 }
  noncurrent_days = 7
  force_destroy   = false
}

run "private_encrypted_and_by_tls" {
  command = apply

  assert {
    condition = alltrue([for b in [aws_s3_bucket_public_access_block.this] : b.block_public_acls && b.block_public_policy && b.ignore_public_acls && b.restrict_public_buckets
    ]) && aws_s3_bucket_ownership_controls.this.rule[0].object_ownership == "BucketOwnerEnforced"
    error_message = "The bucket could be made public."
  }
  assert {
    condition = [for s in data.aws_iam_policy_document.bucket.statement : [s.effect, s.actions, s.resources, [for c in s.condition : [c.test, c.variable, c.values]]]] == [
    ["Deny", toset(["s3:*"]), toset([aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]), [["Bool", "aws:SecureTransport", tolist(["false"])]]]]
    error_message = "The bucket is read without TLS, or lets somebody in: ${jsonencode(data.aws_iam_policy_document.bucket.statement)}"
  }
  assert {
    condition = [for r in aws_s3_bucket_server_side_encryption_configuration.this.rule : [r.bucket_key_enabled, r.apply_server_side_encryption_by_default[0].sse_algorithm, r.apply_server_side_encryption_by_default[0].kms_master_key_id]] == [
    [true, "aws:kms", var.key_arn]]
    error_message = "Objects are not encrypted with our key."
  }
  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.this.force_destroy
    error_message = "An object that was overwritten is lost."
  }
  assert {
    condition     = aws_s3_bucket_notification.this.eventbridge
    error_message = "Nobody is told of uploads."
  }
}

run "objects_go_when_their_time_is_over" {
  command = apply

  assert {
    condition = { for r in aws_s3_bucket_lifecycle_configuration.this.rule : r.id => [r.status, r.filter[0].prefix, r.expiration[0].days] if length(r.expiration) > 0 } == {
      "expire-answers" = ["Enabled", "answers/", 30]
      "expire-uploads" = ["Enabled", "uploads/", 90]
    }
    error_message = "Something is kept for another time: ${jsonencode(aws_s3_bucket_lifecycle_configuration.this.rule)}"
  }
  assert {
    condition     = anytrue([for r in aws_s3_bucket_lifecycle_configuration.this.rule : r.noncurrent_version_expiration[0].noncurrent_days == 7 && r.abort_incomplete_multipart_upload[0].days_after_initiation == 3 if length(r.noncurrent_version_expiration) > 0])
    error_message = "Old versions or broken uploads are kept for ever."
  }
}

run "not_the_whole_bucket" {
  command = plan

  variables {
    expire_days = { "" = 30 }
  }
  expect_failures = [var.expire_days]
}
