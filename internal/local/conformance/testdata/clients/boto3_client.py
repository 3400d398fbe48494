#!/usr/bin/env python3
"""boto3 against the endpoint at AWS_ENDPOINT_URL.

Everything it makes has a name of its own and is removed again. It ends at the
first difference, with a line that says what was expected, and exits 1.
"""

import datetime
import hashlib
import io
import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig

from checks import NAME, SETTINGS, client, refused, same


def s3_objects(s3):
    s3.create_bucket(Bucket=NAME)
    s3.get_waiter("bucket_exists").wait(Bucket=NAME)
    body = "xin chào\n".encode()
    put = s3.put_object(Bucket=NAME, Key="a/một.txt", Body=body, ContentType="text/plain", Metadata={"who": "py"},
                        ChecksumAlgorithm="SHA256", CacheControl="no-store")
    same("ETag", put["ETag"], f'"{hashlib.md5(body).hexdigest()}"')
    s3.get_waiter("object_exists").wait(Bucket=NAME, Key="a/một.txt")
    got = s3.get_object(Bucket=NAME, Key="a/một.txt", ChecksumMode="ENABLED")
    same("body", got["Body"].read(), body)
    same("metadata", (got["Metadata"], got["ContentType"], got["CacheControl"]), ({"who": "py"}, "text/plain", "no-store"))
    same("checksum", got["ChecksumSHA256"], put["ChecksumSHA256"])
    part = s3.get_object(Bucket=NAME, Key="a/một.txt", Range="bytes=4-7")
    same("range", (part["Body"].read(), part["ContentRange"]), (body[4:8], f"bytes 4-7/{len(body)}"))
    refused("a range behind the end", "InvalidRange", 416, s3.get_object, Bucket=NAME, Key="a/một.txt", Range="bytes=100-")
    refused("a wrong checksum", "BadDigest", 400, s3.put_object, Bucket=NAME, Key="bad", Body=body,
            ChecksumSHA256="AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
    refused("a key that is not there", "NoSuchKey", 404, s3.get_object, Bucket=NAME, Key="bad", error=s3.exceptions.NoSuchKey)
    refused("HEAD of a key that is not there", "404", 404, s3.head_object, Bucket=NAME, Key="bad")
    refused("a bucket that is not there", "NoSuchBucket", 404, s3.list_objects_v2, Bucket=NAME + "-none", error=s3.exceptions.NoSuchBucket)


def s3_conditions(s3):
    once = {"Bucket": NAME, "Key": "once"}
    etag = s3.put_object(**once, Body=b"1", IfNoneMatch="*")["ETag"]
    refused("If-None-Match on what is there", "PreconditionFailed", 412, s3.put_object, **once, Body=b"2", IfNoneMatch="*")
    refused("If-Match of another", "PreconditionFailed", 412, s3.put_object, **once, Body=b"2", IfMatch='"0"')
    refused("If-Match of nothing", "NoSuchKey", 404, s3.put_object, Bucket=NAME, Key="none", Body=b"2", IfMatch=etag)
    newer = s3.put_object(**once, Body=b"2", IfMatch=etag)["ETag"]
    refused("GET If-Match", "PreconditionFailed", 412, s3.get_object, **once, IfMatch=etag)
    refused("GET If-None-Match", "304", 304, s3.get_object, **once, IfNoneMatch=newer)
    refused("DELETE If-Match", "PreconditionFailed", 412, s3.delete_object, **once, IfMatch=etag)
    s3.delete_object(**once, IfMatch=newer)
    s3.get_waiter("object_not_exists").wait(**once)


def s3_many(s3):
    content = os.urandom(12 << 20)
    s3.upload_fileobj(io.BytesIO(content), NAME, "large", Config=TransferConfig(multipart_chunksize=5 << 20))
    head = s3.head_object(Bucket=NAME, Key="large")
    same("size of 12 MB", head["ContentLength"], len(content))
    same("parts of 12 MB", head["ETag"].strip('"').rpartition("-")[2], "3")
    back = io.BytesIO()
    s3.download_fileobj(NAME, "large", back, Config=TransferConfig(multipart_chunksize=5 << 20))
    same("12 MB came back", back.getvalue() == content, True)
    s3.copy({"Bucket": NAME, "Key": "large"}, NAME, "copied", Config=TransferConfig(multipart_threshold=6 << 20, multipart_chunksize=6 << 20))
    same("a copy in parts", s3.head_object(Bucket=NAME, Key="copied")["ContentLength"], len(content))

    for i in range(7):
        s3.put_object(Bucket=NAME, Key=f"page/{i % 2}/{i}", Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=NAME, Prefix="page/", PaginationConfig={"PageSize": 3})
    keys = [o["Key"] for page in pages for o in page["Contents"]]
    same("keys over pages", keys, sorted(f"page/{i % 2}/{i}" for i in range(7)))
    folders = s3.list_objects_v2(Bucket=NAME, Prefix="page/", Delimiter="/")
    same("common prefixes", [p["Prefix"] for p in folders["CommonPrefixes"]], ["page/0/", "page/1/"])

    url = s3.generate_presigned_url("put_object", Params={"Bucket": NAME, "Key": "signed"}, ExpiresIn=60)
    with urllib.request.urlopen(urllib.request.Request(url, data=b"signed", method="PUT")) as answer:
        same("presigned PUT", answer.status, 200)
    with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params={"Bucket": NAME, "Key": "signed"}, ExpiresIn=60)) as answer:
        same("presigned GET", answer.read(), b"signed")
    late = s3.generate_presigned_url("get_object", Params={"Bucket": NAME, "Key": "signed"}, ExpiresIn=1)
    time.sleep(2.1)
    try:
        urllib.request.urlopen(late)
        sys.exit("boto3_client.py: a presigned URL: succeeded after its time")
    except urllib.error.HTTPError as e:
        same("an expired presigned URL", e.code, 403)

    s3_described(s3)
    bucket = boto3.resource("s3", config=SETTINGS).Bucket(NAME)
    same("DeleteObjects", sum("Errors" in r for r in bucket.objects.all().delete()), 0)
    bucket.delete()


def s3_described(s3):
    """Tags, attributes, parts and versions: what is told of objects beside their content."""
    s3.put_object(Bucket=NAME, Key="tagged", Body=b"content", Tagging="team=blue%20one&x=")
    tags = {t["Key"]: t["Value"] for t in s3.get_object_tagging(Bucket=NAME, Key="tagged")["TagSet"]}
    same("tags of a write", (tags, s3.get_object(Bucket=NAME, Key="tagged")["TagCount"]), ({"team": "blue one", "x": ""}, 2))
    s3.copy_object(Bucket=NAME, Key="tagged", CopySource={"Bucket": NAME, "Key": "tagged"}, StorageClass="STANDARD_IA")
    s3.put_object_tagging(Bucket=NAME, Key="tagged", Tagging={"TagSet": [{"Key": "a", "Value": "1"}]})
    same("tags", s3.get_object_tagging(Bucket=NAME, Key="tagged")["TagSet"], [{"Key": "a", "Value": "1"}])
    s3.delete_object_tagging(Bucket=NAME, Key="tagged")
    same("no tags", s3.get_object_tagging(Bucket=NAME, Key="tagged")["TagSet"], [])
    told = s3.get_object_attributes(Bucket=NAME, Key="tagged", ObjectAttributes=["ETag", "ObjectSize", "StorageClass"])
    same("attributes", (told["ETag"], told["ObjectSize"], told["StorageClass"]), (hashlib.md5(b"content").hexdigest(), 7, "STANDARD_IA"))
    same("versioning", s3.get_bucket_versioning(Bucket=NAME).get("Status"), None)
    refused("versions", "NotImplemented", 501, s3.put_bucket_versioning, Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    versions = s3.list_object_versions(Bucket=NAME, Prefix="tagged")["Versions"]
    same("the only version", [(v["Key"], v["VersionId"], v["IsLatest"]) for v in versions], [("tagged", "null", True)])

    upload = s3.create_multipart_upload(Bucket=NAME, Key="parts", ChecksumAlgorithm="SHA256")
    parts = []
    for number, body in enumerate([b"x" * (5 << 20), b"end"], start=1):
        part = s3.upload_part(Bucket=NAME, Key="parts", UploadId=upload["UploadId"], PartNumber=number, Body=body, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumSHA256": part["ChecksumSHA256"]})
    listed = s3.list_parts(Bucket=NAME, Key="parts", UploadId=upload["UploadId"])["Parts"]
    same("ListParts", [(p["Size"], p["ChecksumSHA256"]) for p in listed], [(5 << 20, parts[0]["ChecksumSHA256"]), (3, parts[1]["ChecksumSHA256"])])
    done = s3.complete_multipart_upload(Bucket=NAME, Key="parts", UploadId=upload["UploadId"], MultipartUpload={"Parts": parts})
    same("a checksum of checksums", (done["ChecksumSHA256"][-2:], done["ChecksumType"]), ("-2", "COMPOSITE"))
    last = s3.get_object(Bucket=NAME, Key="parts", PartNumber=2)
    same("one part of an object", (last["Body"].read(), last["PartsCount"], last["ContentRange"]), (b"end", 2, f"bytes {5 << 20}-{(5 << 20) + 2}/{(5 << 20) + 3}"))
    refused("a part that is none", "InvalidPartNumber", 416, s3.get_object, Bucket=NAME, Key="parts", PartNumber=3)


def queues(sqs):
    url = sqs.create_queue(QueueName=NAME, Attributes={"VisibilityTimeout": "1"})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    same("ListQueues", sqs.list_queues(QueueNamePrefix=NAME)["QueueUrls"], [url])
    began = time.monotonic()
    same("a long poll of nothing", sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []), [])
    same("a long poll waits", time.monotonic() - began > 0.9, True)

    sent = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": "good", "MessageBody": "một", "MessageAttributes": {"n": {"DataType": "Number", "StringValue": "7"}}},
        {"Id": "bad", "MessageBody": "not \u0001 allowed"},
    ])
    same("a batch's good entry", [(e["Id"], e["MD5OfMessageBody"]) for e in sent["Successful"]], [("good", hashlib.md5("một".encode()).hexdigest())])
    same("a batch's bad entry", [(e["Id"], e["SenderFault"]) for e in sent["Failed"]], [("bad", True)])

    first = receive(sqs, url)
    same("message", (first["Body"], first["MessageAttributes"]["n"]["StringValue"], first["Attributes"]["ApproximateReceiveCount"]), ("một", "7", "1"))
    again = receive(sqs, url)
    same("after the visibility timeout", (again["MessageId"], again["Attributes"]["ApproximateReceiveCount"]), (first["MessageId"], "2"))
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"], VisibilityTimeout=0)
    last = receive(sqs, url)
    deleted = sqs.delete_message_batch(QueueUrl=url, Entries=[{"Id": "1", "ReceiptHandle": last["ReceiptHandle"]}])
    same("DeleteMessageBatch", [e["Id"] for e in deleted["Successful"]], ["1"])

    sqs.add_permission(QueueUrl=url, Label="others", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    same("a permission", [s["Sid"] for s in policy["Statement"]], ["others"])
    sqs.remove_permission(QueueUrl=url, Label="others")
    same("no permission", "Policy" in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"], False)

    refused("a queue that is not there", "AWS.SimpleQueueService.NonExistentQueue", 400, sqs.get_queue_url, QueueName=NAME + "-none",
            error=sqs.exceptions.QueueDoesNotExist)
    refused("an empty batch", "AWS.SimpleQueueService.EmptyBatchRequest", 400, sqs.send_message_batch, QueueUrl=url, Entries=[],
            error=sqs.exceptions.EmptyBatchRequest)
    refused("other attributes", "QueueAlreadyExists", 400, sqs.create_queue, QueueName=NAME, Attributes={"VisibilityTimeout": "9"},
            error=sqs.exceptions.QueueNameExists)
    return url, arn


def receive(sqs, url):
    out = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
    same("messages received", len(out.get("Messages", [])), 1)
    return out["Messages"][0]


def bus(events, s3, sqs, url, arn):
    events.create_event_bus(Name=NAME)
    pattern = json.dumps({"source": ["py.test"], "detail": {"kind": [{"prefix": "k-"}]}})
    events.put_rule(Name=NAME, EventBusName=NAME, EventPattern=pattern)
    transformer = {"InputPathsMap": {"kind": "$.detail.kind"}, "InputTemplate": '{"kind": <kind>}'}
    same("PutTargets", events.put_targets(Rule=NAME, EventBusName=NAME, Targets=[{"Id": "q", "Arn": arn, "InputTransformer": transformer}])["FailedEntryCount"], 0)
    event = {"EventBusName": NAME, "Source": "py.test", "DetailType": "T", "Detail": json.dumps({"kind": "k-1"})}
    put = events.put_events(Entries=[event, {**event, "Detail": "no JSON"}, {**event, "Detail": '{"kind": "other"}'}])
    same("PutEvents", (put["FailedEntryCount"], put["Entries"][1]["ErrorCode"]), (1, "MalformedDetail"))
    message = receive(sqs, url)
    same("what the rule makes of it", json.loads(message["Body"]), {"kind": "k-1"})
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    refused("an unknown operator", "InvalidEventPatternException", 400, events.put_rule, Name="x", EventPattern='{"source": [{"sounds-like": "x"}]}',
            error=events.exceptions.InvalidEventPatternException)
    refused("a rule that is not there", "ResourceNotFoundException", 400, events.describe_rule, Name=NAME, error=events.exceptions.ResourceNotFoundException)
    events.remove_targets(Rule=NAME, EventBusName=NAME, Ids=["q"])
    events.delete_rule(Name=NAME, EventBusName=NAME)
    events.delete_event_bus(Name=NAME)

    # An object is told on the default bus.
    s3.create_bucket(Bucket=NAME)
    s3.put_bucket_notification_configuration(Bucket=NAME, NotificationConfiguration={"EventBridgeConfiguration": {}})
    events.put_rule(Name=NAME, EventPattern=json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": {"bucket": {"name": [NAME]}}}))
    events.put_targets(Rule=NAME, Targets=[{"Id": "q", "Arn": arn}])
    s3.put_object(Bucket=NAME, Key="told", Body=b"12345")
    message = receive(sqs, url)
    told = json.loads(message["Body"])["detail"]
    same("Object Created", (told["object"]["key"], told["object"]["size"], told["reason"]), ("told", 5, "PutObject"))
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    events.remove_targets(Rule=NAME, Ids=["q"])
    events.delete_rule(Name=NAME)
    s3.delete_object(Bucket=NAME, Key="told")
    s3.delete_bucket(Bucket=NAME)
    sqs.delete_queue(QueueUrl=url)


def mails(ses):
    sender = NAME + "@example.com"
    same("an identity is verified", ses.create_email_identity(EmailIdentity=sender)["VerifiedForSendingStatus"], True)
    to = {"ToAddresses": ["success@simulator.amazonses.com"]}
    simple = {"Simple": {"Subject": {"Data": "Đơn hàng"}, "Body": {"Text": {"Data": "t"}, "Html": {"Data": "<p>t"}}}}
    ids = {ses.send_email(FromEmailAddress=sender, Destination=to, Content=simple)["MessageId"] for _ in range(2)}
    raw = f"From: {sender}\r\nTo: success@simulator.amazonses.com\r\nSubject: raw\r\n\r\nbody\r\n".encode()
    ids.add(ses.send_email(Content={"Raw": {"Data": raw}})["MessageId"])
    ses.create_email_template(TemplateName=NAME, TemplateContent={"Subject": "Hello {{name}}", "Text": "Dear {{name}},"})
    refused("a template twice", "AlreadyExistsException", 400, ses.create_email_template, TemplateName=NAME, TemplateContent={"Subject": "x"},
            error=ses.exceptions.AlreadyExistsException)
    same("a rendered template", "Subject: Hello Ann" in ses.test_render_email_template(TemplateName=NAME, TemplateData='{"name": "Ann"}')["RenderedTemplate"], True)
    ids.add(ses.send_email(FromEmailAddress=sender, Destination=to, Content={"Template": {"TemplateName": NAME, "TemplateData": '{"name": "Ann"}'}})["MessageId"])
    same("message ids are distinct", len(ids), 4)
    entries = [{"Destination": to, "ReplacementEmailContent": {"ReplacementTemplate": {"ReplacementTemplateData": '{"name": "Bo"}'}}},
               {"Destination": {"ToAddresses": ["no address"]}}]
    bulk = ses.send_bulk_email(FromEmailAddress=sender, DefaultContent={"Template": {"TemplateName": NAME, "TemplateData": "{}"}}, BulkEmailEntries=entries)
    same("SendBulkEmail", [r["Status"] for r in bulk["BulkEmailEntryResults"]], ["SUCCESS", "INVALID_PARAMETER"])
    account = ses.get_account()
    same("the account", (account["SendingEnabled"], account["SendQuota"]["SentLast24Hours"] >= 5, sorted(account["SuppressionAttributes"]["SuppressedReasons"])),
         (True, True, ["BOUNCE", "COMPLAINT"]))
    refused("an unverified sender", "MessageRejected", 400, ses.send_email, FromEmailAddress=f"x@{NAME}.example", Destination=to, Content=simple,
            error=ses.exceptions.MessageRejected)

    ses.put_suppressed_destination(EmailAddress=f"{NAME}@example.org", Reason="BOUNCE")
    same("a suppressed address", ses.get_suppressed_destination(EmailAddress=f"{NAME}@example.org")["SuppressedDestination"]["Reason"], "BOUNCE")
    ses.delete_suppressed_destination(EmailAddress=f"{NAME}@example.org")
    refused("an address no longer suppressed", "NotFoundException", 404, ses.get_suppressed_destination, EmailAddress=f"{NAME}@example.org",
            error=ses.exceptions.NotFoundException)
    ses.delete_email_template(TemplateName=NAME)
    ses.delete_email_identity(EmailIdentity=sender)


MODEL = "anthropic.claude-3-haiku-20240307-v1:0"


def models(bedrock):
    said = [{"role": "user", "content": [{"text": "The parcel came late and the box was open."}]}]
    schema = {"type": "object", "properties": {"label": {"type": "string", "enum": ["delivery", "billing"]}}, "required": ["label"], "additionalProperties": False}
    structured = {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"name": "label", "schema": json.dumps(schema)}}}}
    out = bedrock.converse(modelId=MODEL, messages=said, system=[{"text": "Label the message."}], outputConfig=structured, inferenceConfig={"maxTokens": 200})
    label = json.loads(out["output"]["message"]["content"][0]["text"])
    same("an answer of the schema", (list(label), label["label"] in ("delivery", "billing"), out["stopReason"]), (["label"], True, "end_turn"))
    usage = out["usage"]
    same("usage adds up", usage["inputTokens"] + usage["outputTokens"], usage["totalTokens"])

    tool = {"tools": [{"toolSpec": {"name": "label", "inputSchema": {"json": schema}}}], "toolChoice": {"tool": {"name": "label"}}}
    out = bedrock.converse(modelId=MODEL, messages=said, toolConfig=tool)
    use = out["output"]["message"]["content"][0]["toolUse"]
    same("a forced tool", (out["stopReason"], use["name"], list(use["input"])), ("tool_use", "label", ["label"]))
    same("too few tokens", bedrock.converse(modelId=MODEL, messages=said, inferenceConfig={"maxTokens": 1})["stopReason"], "max_tokens")

    body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}
    answer = json.loads(bedrock.invoke_model(modelId=MODEL, body=json.dumps(body))["body"].read())
    same("InvokeModel", (answer["type"], answer["role"], answer["content"][0]["type"], answer["stop_reason"]), ("message", "assistant", "text", "end_turn"))
    count = bedrock.count_tokens(modelId=MODEL, input={"converse": {"messages": said}})["inputTokens"]
    same("CountTokens is what Converse charges", count, bedrock.converse(modelId=MODEL, messages=said)["usage"]["inputTokens"])
    refused("a conversation that the model begins", "ValidationException", 400, bedrock.converse, modelId=MODEL,
            messages=[{"role": "assistant", "content": [{"text": "x"}]}], error=bedrock.exceptions.ValidationException)
    refused("no max_tokens", "ValidationException", 400, bedrock.invoke_model, modelId=MODEL, body=b'{"messages": []}',
            error=bedrock.exceptions.ValidationException)


def schedules(scheduler, awslambda, sqs):
    url = sqs.create_queue(QueueName=NAME + "-scheduled")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/wake", "Input": "xin chào <aws.scheduler.attempt-number>"}
    once = {"FlexibleTimeWindow": {"Mode": "OFF"}, "ScheduleExpressionTimezone": "Asia/Ho_Chi_Minh", "ActionAfterCompletion": "DELETE", "Target": target}
    far = scheduler.create_schedule(Name=NAME, ScheduleExpression="at(2099-01-01T00:00:00)", **once)
    same("a schedule's ARN", far["ScheduleArn"].rsplit(":", 1)[1], "schedule/default/" + NAME)
    got = scheduler.get_schedule(Name=NAME)
    same("a schedule", (got["State"], got["Target"]["Input"], got["Target"]["RetryPolicy"]["MaximumRetryAttempts"]), ("ENABLED", target["Input"], 185))
    refused("a name that is taken", "ConflictException", 409, scheduler.create_schedule, Name=NAME, ScheduleExpression="at(2099-01-01T00:00:00)",
            error=scheduler.exceptions.ConflictException, **once)
    refused("no expression", "ValidationException", 400, scheduler.update_schedule, Name=NAME, ScheduleExpression="soon",
            error=scheduler.exceptions.ValidationException, **once)
    soon = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=7))).strftime("at(%Y-%m-%dT%H:%M:%S)")
    scheduler.update_schedule(Name=NAME, ScheduleExpression=soon, **once)
    same("what the queue gets", sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]["Body"], "xin chào 1")
    for _ in range(600):  # a minute: it is gone a moment after its message was sent
        if not scheduler.list_schedules(NamePrefix=NAME)["Schedules"]:
            break
        time.sleep(0.1)
    refused("a schedule that is done", "ResourceNotFoundException", 404, scheduler.delete_schedule, Name=NAME, error=scheduler.exceptions.ResourceNotFoundException)
    sqs.delete_queue(QueueUrl=url)
    refused("a mapping that is not there", "ResourceNotFoundException", 404, awslambda.update_event_source_mapping, UUID=str(uuid.uuid4()), Enabled=False,
            error=awslambda.exceptions.ResourceNotFoundException)


def main():
    s3, sqs = client("s3"), client("sqs")
    s3_objects(s3)
    s3_conditions(s3)
    s3_many(s3)
    bus(client("events"), s3, sqs, *queues(sqs))
    mails(client("sesv2"))
    models(client("bedrock-runtime"))
    schedules(client("scheduler"), client("lambda"), sqs)
    print("boto3_client.py: no difference")


main()
