#!/usr/bin/env python3
"""boto3 against the endpoint at AWS_ENDPOINT_URL: what goes from one service to the
next. Events through archives and transformers, messages through dead-letter queues,
mails and their events, answers in pieces.
"""

import datetime
import json
import threading
import time
import urllib.parse
import urllib.request

import boto3

from checks import NAME, SETTINGS, client, refused, same

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"


def taken(queue, count):
    """The bodies of so many messages, which are deleted."""
    bodies = []
    end = time.monotonic() + 20
    while len(bodies) < count and time.monotonic() < end:
        for message in queue.receive_messages(MaxNumberOfMessages=10, WaitTimeSeconds=2):
            bodies.append(message.body)
            message.delete()
    same("messages", len(bodies), count)
    return bodies


def dead_letters(sqs):
    """Messages that are received too often, and back again."""
    dead = sqs.create_queue(QueueName=NAME + "-dead")
    policy = json.dumps({"deadLetterTargetArn": dead.attributes["QueueArn"], "maxReceiveCount": "1"})
    queue = sqs.create_queue(QueueName=NAME + "-work", Attributes={"VisibilityTimeout": "0", "RedrivePolicy": policy}, tags={"team": "a"})
    queue.send_messages(Entries=[{"Id": str(i), "MessageBody": f"m-{i}"} for i in range(3)])
    while int(queue.meta.client.get_queue_attributes(QueueUrl=dead.url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]["ApproximateNumberOfMessages"]) < 3:
        queue.receive_messages(MaxNumberOfMessages=10)
    same("whose dead letters", [q.url for q in dead.dead_letter_source_queues.all()], [queue.url])
    queue.set_attributes(Attributes={"VisibilityTimeout": "30"})
    arn = dead.attributes["QueueArn"]
    queue.meta.client.start_message_move_task(SourceArn=arn)
    same("moved back", sorted(taken(queue, 3)), ["m-0", "m-1", "m-2"])
    same("the task", [t["Status"] for t in queue.meta.client.list_message_move_tasks(SourceArn=arn)["Results"]], ["COMPLETED"])
    threading.Timer(0.3, queue.send_message, kwargs={"MessageBody": "late"}).start()
    same("a message in a long poll", taken(queue, 1), ["late"])
    form = urllib.parse.urlencode({"Action": "ListQueueTags", "Version": "2012-11-05", "QueueUrl": queue.url}).encode()
    with urllib.request.urlopen(queue.meta.client.meta.endpoint_url, data=form) as answer:
        same("the older protocol", b"<Tag><Key>team</Key><Value>a</Value></Tag>" in answer.read(), True)
    dead.delete()
    return queue


def archived(events, queue):
    bus = events.create_event_bus(Name=NAME)["EventBusArn"]
    events.create_archive(ArchiveName=NAME, EventSourceArn=bus, EventPattern=json.dumps({"detail-type": ["Kept"]}))
    transformer = {"InputPathsMap": {"n": "$.detail.n", "who": "$.source"}, "InputTemplate": '"<who> says <n>, <aws.events.rule-name>"'}
    events.put_rule(Name=NAME, EventBusName=NAME, EventPattern=json.dumps({"detail": {"$or": [{"n": [{"numeric": [">", 1]}]}, {"word": [{"wildcard": "a*z"}]}]}}))
    events.put_targets(Rule=NAME, EventBusName=NAME, Targets=[{"Id": "q", "Arn": queue.attributes["QueueArn"], "InputTransformer": transformer}])
    refused("a path that is called as AWS's", "ValidationException", 400, events.put_targets, Rule=NAME, EventBusName=NAME,
            Targets=[{"Id": "q", "Arn": queue.attributes["QueueArn"], "InputTransformer": {"InputPathsMap": {"aws.n": "$.detail.n"}, "InputTemplate": '"x"'}}])
    began = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=1)
    entry = {"EventBusName": NAME, "Source": "py", "DetailType": "Kept"}
    put = events.put_events(Entries=[{**entry, "Detail": '{"n": 1}'}, {**entry, "Detail": '{"n": 2}'}, {"EventBusName": NAME, "Source": "py", "Detail": "{}"}])
    same("PutEvents", (put["FailedEntryCount"], "EventId" in put["Entries"][1], put["Entries"][2]["ErrorCode"]), (1, True, "InvalidArgument"))
    said = f'"py says 2, {NAME}"'
    same("the rule's message", taken(queue, 1), [said])
    archive = events.describe_archive(ArchiveName=NAME)["ArchiveArn"]
    now = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
    events.start_replay(ReplayName=NAME, EventSourceArn=archive, EventStartTime=began, EventEndTime=now, Destination={"Arn": bus})
    same("replayed", taken(queue, 1), [said])
    refused("a replay of that name", "ResourceAlreadyExistsException", 400, events.start_replay, ReplayName=NAME, EventSourceArn=archive, EventStartTime=began,
            EventEndTime=now, Destination={"Arn": bus}, error=events.exceptions.ResourceAlreadyExistsException)
    refused("what is not here", "UnknownOperationException", 400, events.list_api_destinations)
    events.delete_archive(ArchiveName=NAME)
    events.remove_targets(Rule=NAME, EventBusName=NAME, Ids=["q"])
    events.delete_rule(Name=NAME, EventBusName=NAME)
    events.delete_event_bus(Name=NAME)


def mail_events(ses, events, queue):
    sender = f"me@{NAME}.example"
    ses.create_email_identity(EmailIdentity=f"{NAME}.example")
    ses.create_configuration_set(ConfigurationSetName=NAME)
    ses.create_configuration_set_event_destination(ConfigurationSetName=NAME, EventDestinationName="bus", EventDestination={
        "Enabled": True, "MatchingEventTypes": ["SEND", "BOUNCE", "RENDERING_FAILURE"], "EventBridgeDestination": {"EventBusArn": events.describe_event_bus()["Arn"]}})
    events.put_rule(Name=NAME, EventPattern=json.dumps({"source": ["aws.ses"], "detail": {"mail": {"tags": {"ses:configuration-set": [NAME]}}}}))
    events.put_targets(Rule=NAME, Targets=[{"Id": "q", "Arn": queue.attributes["QueueArn"]}])
    mail = {"FromEmailAddress": sender, "ConfigurationSetName": NAME, "Destination": {"ToAddresses": ["bounce@simulator.amazonses.com"]}}
    simple = {"Simple": {"Subject": {"Data": "Xin chào"}, "Body": {"Text": {"Data": "t"}},
                         "Attachments": [{"FileName": "a.pdf", "ContentType": "application/pdf", "RawContent": b"%PDF"}]}}
    message = ses.send_email(**mail, Content=simple, EmailTags=[{"Name": "run", "Value": NAME}])["MessageId"]
    told = {e["detail"]["eventType"]: e["detail"] for e in map(json.loads, taken(queue, 2))}
    same("events", sorted(told), ["Bounce", "Send"])
    same("the bounce", (told["Bounce"]["mail"]["messageId"], told["Bounce"]["bounce"]["bounceType"], told["Bounce"]["mail"]["tags"]["run"]), (message, "Permanent", [NAME]))
    template = {"TemplateContent": {"Subject": "Dear {{name}}", "Text": "x"}, "TemplateData": "{}"}
    ses.send_email(**mail, Content={"Template": template})
    same("a template without its data", json.loads(taken(queue, 1)[0])["detail-type"], "Email Rendering Failed")
    refused("a contact list", "NotFoundException", 404, ses.send_email, **mail, Content=simple, ListManagementOptions={"ContactListName": "news"}, error=ses.exceptions.NotFoundException)
    events.remove_targets(Rule=NAME, Ids=["q"])
    events.delete_rule(Name=NAME)
    ses.delete_configuration_set(ConfigurationSetName=NAME)
    ses.delete_email_identity(EmailIdentity=f"{NAME}.example")


def in_pieces(bedrock):
    asked = [{"role": "user", "content": [{"text": "How warm is it in Hanoi?"}]}]
    tools = {"tools": [{"toolSpec": {"name": "weather", "inputSchema": {"json": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}}]}
    pieces = list(bedrock.converse_stream(modelId=MODEL, messages=asked, toolConfig={**tools, "toolChoice": {"tool": {"name": "weather"}}})["stream"])
    use = next(p["contentBlockStart"]["start"]["toolUse"] for p in pieces if "contentBlockStart" in p)
    text = "".join(p["contentBlockDelta"]["delta"]["toolUse"]["input"] for p in pieces if "contentBlockDelta" in p)
    same("a tool in pieces", (list(json.loads(text)), [p["messageStop"]["stopReason"] for p in pieces if "messageStop" in p]), (["city"], ["tool_use"]))
    turn = {"role": "assistant", "content": [{"toolUse": {**use, "input": json.loads(text)}}]}

    def result(of):
        return {"role": "user", "content": [{"toolResult": {"toolUseId": of, "content": [{"text": "31 degrees"}]}}]}
    same("after its result", bedrock.converse(modelId=MODEL, messages=[*asked, turn, result(use["toolUseId"])], toolConfig=tools)["stopReason"], "end_turn")
    refused("another's result", "ValidationException", 400, bedrock.converse, modelId=MODEL, messages=[*asked, turn, result("other")], toolConfig=tools,
            error=bedrock.exceptions.ValidationException)
    body = {"max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
    refused("no version", "ValidationException", 400, bedrock.invoke_model, modelId=MODEL, body=json.dumps(body))
    body["anthropic_version"] = "bedrock-2023-05-31"
    chunks = [json.loads(p["chunk"]["bytes"]) for p in bedrock.invoke_model_with_response_stream(modelId=MODEL, body=json.dumps(body))["body"]]
    whole = json.loads(bedrock.invoke_model(modelId=MODEL, body=json.dumps(body))["body"].read())["content"][0]["text"]
    same("the same in pieces", "".join(c["delta"]["text"] for c in chunks if c["type"] == "content_block_delta"), whole)


def main():
    queue = dead_letters(boto3.resource("sqs", config=SETTINGS))
    events = client("events")
    archived(events, queue)
    mail_events(client("sesv2"), events, queue)
    in_pieces(client("bedrock-runtime"))
    queue.delete()
    print("boto3_flows.py: no difference")


main()
