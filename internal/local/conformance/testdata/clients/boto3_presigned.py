#!/usr/bin/env python3
"""boto3 against the endpoint at AWS_ENDPOINT_URL: what is signed ahead and sent by
somebody else, copies, lists in pages, and what a plain bucket has not.
"""

import io
import sys
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

from checks import NAME, SETTINGS, client, refused, same


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(request):
    """Status, headers and body, whatever the status."""
    try:
        with OPENER.open(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read()


def post(signed, content, **fields):
    """Sends the form as a browser does, the file last."""
    boundary = uuid.uuid4().hex
    parts = [f'--{boundary}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in {**signed["fields"], **fields}.items()]
    parts.append(f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="letter.txt"\r\n\r\n')
    body = "".join(parts).encode() + content + f"\r\n--{boundary}--\r\n".encode()
    return ask(urllib.request.Request(signed["url"], data=body, headers={"Content-Type": f"multipart/form-data; boundary={boundary}"}))


def forms(s3):
    conditions = [["starts-with", "$Content-Type", "text/"], ["content-length-range", 1, 10], {"success_action_status": "201"}]
    signed = s3.generate_presigned_post(NAME, "in/${filename}", Fields={"Content-Type": "text/plain", "success_action_status": "201"}, Conditions=conditions, ExpiresIn=60)
    status, headers, body = post(signed, b"hello")
    same("a form", (status, headers["ETag"], b"<Key>in/letter.txt</Key>" in body), (201, '"5d41402abc4b2a76b9719d911017c592"', True))
    got = s3.get_object(Bucket=NAME, Key="in/letter.txt")
    same("its object", (got["Body"].read(), got["ContentType"]), (b"hello", "text/plain"))
    for what, fields, content, want in [
        ("another type", {"Content-Type": "image/png"}, b"hello", (403, b"Policy Condition failed")),
        ("a field that nobody signed", {"x-amz-meta-who": "me"}, b"hello", (403, b"Extra input fields")),
        ("a long file", {}, b"hello, everybody", (400, b"EntityTooLarge")),
        ("an empty file", {}, b"", (400, b"EntityTooSmall")),
    ]:
        status, _, body = post(signed, content, **fields)
        same(what, (status, want[1] in body), (want[0], True))


def links(s3):
    url = s3.generate_presigned_url("get_object", Params={"Bucket": NAME, "Key": "in/letter.txt", "ResponseContentType": "text/x", "ResponseContentDisposition": 'attachment; filename="x"'})
    status, headers, body = ask(urllib.request.Request(url, headers={"Range": "bytes=1-2"}))
    same("a part by a link", (status, body, headers["Content-Type"], headers["Content-Disposition"]), (206, b"el", "text/x", 'attachment; filename="x"'))
    same("HEAD by a link", ask(urllib.request.Request(s3.generate_presigned_url("head_object", Params={"Bucket": NAME, "Key": "in/letter.txt"}), method="HEAD"))[0], 200)
    upload = s3.create_multipart_upload(Bucket=NAME, Key="parts")["UploadId"]
    where = {"Bucket": NAME, "Key": "parts", "UploadId": upload}
    status, headers, _ = ask(urllib.request.Request(s3.generate_presigned_url("upload_part", Params={**where, "PartNumber": 1}), data=b"part", method="PUT"))
    same("a part", status, 200)
    refused("part 0", "InvalidArgument", 400, s3.upload_part, **where, PartNumber=0, Body=b"x")
    refused("a range behind the source", "InvalidArgument", 400, s3.upload_part_copy, **where, PartNumber=2, CopySource=f"{NAME}/in/letter.txt", CopySourceRange="bytes=0-5")
    listed = {"MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": headers["ETag"]}]}}
    refused("another size", "InvalidRequest", 400, s3.complete_multipart_upload, **where, **listed, MpuObjectSize=5)
    s3.complete_multipart_upload(**where, **listed, MpuObjectSize=4)
    same("a deleted object", s3.delete_object(Bucket=NAME, Key="parts").get("DeleteMarker"), None)
    refused("a checksum of a kind that cannot be", "InvalidRequest", 400, s3.create_multipart_upload, Bucket=NAME, Key="parts", ChecksumAlgorithm="SHA256", ChecksumType="FULL_OBJECT")


def copies(s3):
    content = bytes(range(256)) * 48 * 1024  # 12 MB
    s3.upload_fileobj(io.BytesIO(content), NAME, "large", Config=TransferConfig(multipart_chunksize=6 << 20), ExtraArgs={"Metadata": {"who": "py"}})
    same("parts", s3.head_object(Bucket=NAME, Key="large", ChecksumMode="ENABLED")["ChecksumType"], "COMPOSITE")
    kept = s3.copy_object(Bucket=NAME, Key="copy", CopySource={"Bucket": NAME, "Key": "large"})["CopyObjectResult"]
    same("the copy's checksum is of the whole", (kept["ChecksumType"], "-" in kept["ChecksumCRC32"]), ("FULL_OBJECT", False))
    other = s3.copy_object(Bucket=NAME, Key="copy", CopySource=f"{NAME}/large", ChecksumAlgorithm="SHA256", MetadataDirective="REPLACE", StorageClass="STANDARD_IA")
    head = s3.head_object(Bucket=NAME, Key="copy", ChecksumMode="ENABLED")
    same("another checksum", (head["ChecksumSHA256"], head["Metadata"], head["StorageClass"]), (other["CopyObjectResult"]["ChecksumSHA256"], {}, "STANDARD_IA"))
    refused("a storage class that is none", "InvalidStorageClass", 400, s3.put_object, Bucket=NAME, Key="k", StorageClass="COSY")
    refused("leave for everybody", "AccessControlListNotSupported", 400, s3.put_object, Bucket=NAME, Key="k", ACL="public-read")


def bucket_without(s3):
    mine = s3.get_object_acl(Bucket=NAME, Key="large")
    same("the owner's ACL", [(g["Grantee"]["ID"], g["Permission"]) for g in mine["Grants"]], [(mine["Owner"]["ID"], "FULL_CONTROL")])
    for ask_for, code in {"get_bucket_website": "NoSuchWebsiteConfiguration", "get_bucket_replication": "ReplicationConfigurationNotFoundError",
                          "get_object_lock_configuration": "ObjectLockConfigurationNotFoundError", "get_bucket_policy": "NoSuchBucketPolicy"}.items():
        refused(ask_for, code, 404, getattr(s3, ask_for), Bucket=NAME)
    s3.create_bucket(Bucket=NAME + "-2")
    pages = list(s3.get_paginator("list_buckets").paginate(Prefix=NAME, PaginationConfig={"PageSize": 1}))
    same("buckets in pages", [b["Name"] for page in pages for b in page["Buckets"]], [NAME, NAME + "-2"])
    s3.delete_bucket(Bucket=NAME + "-2")
    s3.get_waiter("bucket_not_exists").wait(Bucket=NAME + "-2")


def others():
    who = client("sts").get_caller_identity()
    same("who asks", who["Arn"].split(":")[4], who["Account"])
    for service, call in {"pipes": "list_pipes", "bedrock": "list_foundation_models", "dynamodb": "list_tables"}.items():
        try:
            getattr(boto3.client(service, config=SETTINGS), call)()
        except ClientError as e:
            same(service, e.response["Error"]["Code"], "UnknownOperationException")
        else:
            sys.exit(f"boto3_presigned.py: {service}: succeeded, and it is not here")


def main():
    s3 = client("s3")
    s3.create_bucket(Bucket=NAME)
    forms(s3)
    links(s3)
    copies(s3)
    bucket_without(s3)
    others()
    bucket = boto3.resource("s3", config=SETTINGS).Bucket(NAME)
    bucket.objects.all().delete()
    bucket.delete()
    print("boto3_presigned.py: no difference")


main()
