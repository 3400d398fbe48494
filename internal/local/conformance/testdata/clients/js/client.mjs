// The AWS SDK for JavaScript v3 against the endpoint at AWS_ENDPOINT_URL.
//
// Everything it makes has a name of its own and is removed again. It ends at the
// first difference, with a line that says what was expected, and exits 1.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { isDeepStrictEqual, inspect } from 'node:util';
import * as bedrock from '@aws-sdk/client-bedrock-runtime';
import * as eventbridge from '@aws-sdk/client-eventbridge';
import * as s3 from '@aws-sdk/client-s3';
import * as sesv2 from '@aws-sdk/client-sesv2';
import * as sqs from '@aws-sdk/client-sqs';
import { Upload } from '@aws-sdk/lib-storage';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const endpoint = process.env.AWS_ENDPOINT_URL;
const name = `js-${randomUUID().slice(0, 12)}`;
const settings = {
  endpoint,
  region: process.env.AWS_REGION ?? 'us-east-1',
  maxAttempts: 1,
  credentials: { accessKeyId: process.env.AWS_ACCESS_KEY_ID ?? 'local', secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY ?? 'local' },
};

class Difference extends Error {}

function same(what, got, want) {
  if (!isDeepStrictEqual(got, want)) {
    throw new Difference(`${what}: got ${inspect(got)}, want ${inspect(want)}`);
  }
}

/** The promise must be rejected with an error of the name (null: any) and HTTP status. */
async function refused(what, code, status, promise, type = Error) {
  try {
    await promise;
  } catch (error) {
    same(`${what}: name and status`, [error.name, error.$metadata?.httpStatusCode], [code ?? error.name, status]);
    same(`${what}: is a ${type.name}`, error instanceof type, true);
    return;
  }
  throw new Difference(`${what}: succeeded, want ${code}`);
}

const md5 = (text) => createHash('md5').update(text).digest('hex');

async function objects() {
  const client = new s3.S3Client(settings);
  const send = (Command, input) => client.send(new Command({ Bucket: name, ...input }));
  await send(s3.CreateBucketCommand);
  await s3.waitUntilBucketExists({ client, maxWaitTime: 20 }, { Bucket: name });

  const body = 'xin chào\n';
  const put = await send(s3.PutObjectCommand, { Key: 'a/một.txt', Body: body, ContentType: 'text/plain', Metadata: { who: 'js' }, IfNoneMatch: '*' });
  same('ETag', put.ETag, `"${md5(body)}"`);
  same('a checksum comes back', typeof put.ChecksumCRC32, 'string');
  const got = await send(s3.GetObjectCommand, { Key: 'a/một.txt' });
  same('object', [await got.Body.transformToString(), got.ContentType, got.Metadata], [body, 'text/plain', { who: 'js' }]);
  const part = await send(s3.GetObjectCommand, { Key: 'a/một.txt', Range: 'bytes=0-2' });
  same('range', [await part.Body.transformToString(), part.ContentRange], ['xin', `bytes 0-2/${Buffer.byteLength(body)}`]);

  await refused('If-None-Match on what is there', 'PreconditionFailed', 412, send(s3.PutObjectCommand, { Key: 'a/một.txt', Body: 'x', IfNoneMatch: '*' }));
  await refused('If-Match of another', 'PreconditionFailed', 412, send(s3.PutObjectCommand, { Key: 'a/một.txt', Body: 'x', IfMatch: '"0"' }));
  await refused('If-Match of nothing', 'NoSuchKey', 404, send(s3.PutObjectCommand, { Key: 'none', Body: 'x', IfMatch: put.ETag }));
  await refused('a wrong checksum', 'BadDigest', 400, send(s3.PutObjectCommand, { Key: 'bad', Body: 'x', ChecksumSHA256: 'A'.repeat(43) + '=' }));
  await refused('a key that is not there', 'NoSuchKey', 404, send(s3.GetObjectCommand, { Key: 'none' }), s3.NoSuchKey);
  await refused('HEAD of a key that is not there', 'NotFound', 404, send(s3.HeadObjectCommand, { Key: 'none' }), s3.NotFound);
  await refused('a bucket that is not there', 'NoSuchBucket', 404, send(s3.ListObjectsV2Command, { Bucket: `${name}-none` }), s3.NoSuchBucket);
  // A 304 has no body to name an error in.
  await refused('GET If-None-Match', null, 304, send(s3.GetObjectCommand, { Key: 'a/một.txt', IfNoneMatch: put.ETag }));

  const content = randomBytes(12 << 20);
  const uploaded = await new Upload({ client, params: { Bucket: name, Key: 'large', Body: content } }).done();
  same('parts of 12 MB', uploaded.ETag.replaceAll('"', '').split('-')[1], '3');
  const back = await send(s3.GetObjectCommand, { Key: 'large' });
  same('12 MB came back', md5(await back.Body.transformToByteArray()), md5(content));

  for (let i = 0; i < 5; i++) {
    await send(s3.PutObjectCommand, { Key: `page/${i}`, Body: '.' });
  }
  const keys = [];
  for await (const page of s3.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket: name, Prefix: 'page/' })) {
    keys.push(...page.Contents.map((object) => object.Key));
  }
  same('keys over pages', keys, [0, 1, 2, 3, 4].map((i) => `page/${i}`));

  const putUrl = await getSignedUrl(client, new s3.PutObjectCommand({ Bucket: name, Key: 'signed' }), { expiresIn: 60 });
  same('presigned PUT', (await fetch(putUrl, { method: 'PUT', body: 'signed' })).status, 200);
  const getUrl = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket: name, Key: 'signed' }), { expiresIn: 60 });
  same('presigned GET', await (await fetch(getUrl)).text(), 'signed');

  const all = (await send(s3.ListObjectsV2Command)).Contents.map(({ Key }) => ({ Key }));
  same('DeleteObjects', (await send(s3.DeleteObjectsCommand, { Delete: { Objects: all } })).Deleted.length, all.length);
  await send(s3.DeleteBucketCommand);
}

async function receive(client, QueueUrl) {
  const { Messages = [] } = await client.send(new sqs.ReceiveMessageCommand({
    QueueUrl, WaitTimeSeconds: 10, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'],
  }));
  same('messages received', Messages.length, 1);
  return Messages[0];
}

async function queues() {
  const client = new sqs.SQSClient(settings);
  const { QueueUrl } = await client.send(new sqs.CreateQueueCommand({ QueueName: name }));
  const send = (Command, input) => client.send(new Command({ QueueUrl, ...input }));
  // This client checks the MD5s by itself.
  const batch = await send(sqs.SendMessageBatchCommand, { Entries: [
    { Id: 'good', MessageBody: 'một', MessageAttributes: { raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) } } },
    { Id: 'bad', MessageBody: 'not \u0001 allowed' },
  ] });
  same('a batch', [batch.Successful.map((e) => e.Id), batch.Failed.map((e) => [e.Id, e.SenderFault])], [['good'], [['bad', true]]]);
  const first = await receive(client, QueueUrl);
  same('message', [first.Body, [...first.MessageAttributes.raw.BinaryValue], first.Attributes.ApproximateReceiveCount], ['một', [0, 255], '1']);
  await send(sqs.ChangeMessageVisibilityCommand, { ReceiptHandle: first.ReceiptHandle, VisibilityTimeout: 0 });
  const again = await receive(client, QueueUrl);
  same('given back', [again.MessageId, again.Attributes.ApproximateReceiveCount], [first.MessageId, '2']);
  await send(sqs.DeleteMessageCommand, { ReceiptHandle: again.ReceiptHandle });
  await refused('a queue that is not there', 'QueueDoesNotExist', 400, client.send(new sqs.GetQueueUrlCommand({ QueueName: `${name}-none` })), sqs.QueueDoesNotExist);
  const { Attributes } = await send(sqs.GetQueueAttributesCommand, { AttributeNames: ['QueueArn'] });
  return { client, QueueUrl, arn: Attributes.QueueArn };
}

async function bus({ client: queue, QueueUrl, arn }) {
  const client = new eventbridge.EventBridgeClient(settings);
  const send = (Command, input) => client.send(new Command(input));
  const there = { Rule: name, EventBusName: name };
  await send(eventbridge.CreateEventBusCommand, { Name: name });
  const pattern = JSON.stringify({ source: ['js.test'], detail: { n: [{ numeric: ['>', 1] }] } });
  await send(eventbridge.PutRuleCommand, { Name: name, EventBusName: name, EventPattern: pattern });
  same('PutTargets', (await send(eventbridge.PutTargetsCommand, { ...there, Targets: [{ Id: 'q', Arn: arn }] })).FailedEntryCount, 0);
  const entry = (detail) => ({ EventBusName: name, Source: 'js.test', DetailType: 'Counted', Detail: detail, Time: new Date('2026-01-02T03:04:05Z') });
  const put = await send(eventbridge.PutEventsCommand, { Entries: [entry('{"n":1}'), entry('{"n":2}'), entry('no JSON')] });
  same('PutEvents', [put.FailedEntryCount, put.Entries[2].ErrorCode], [1, 'MalformedDetail']);
  const message = await receive(queue, QueueUrl);
  const event = JSON.parse(message.Body);
  same('event', [event.id, event['detail-type'], event.time, event.detail], [put.Entries[1].EventId, 'Counted', '2026-01-02T03:04:05Z', { n: 2 }]);
  same('TestEventPattern', (await send(eventbridge.TestEventPatternCommand, { EventPattern: pattern, Event: message.Body })).Result, true);
  await refused('an unknown operator', 'InvalidEventPatternException', 400,
    send(eventbridge.PutRuleCommand, { Name: 'x', EventPattern: '{"source":[{"sounds-like":"x"}]}' }), eventbridge.InvalidEventPatternException);
  await send(eventbridge.RemoveTargetsCommand, { ...there, Ids: ['q'] });
  await send(eventbridge.DeleteRuleCommand, { Name: name, EventBusName: name });
  await send(eventbridge.DeleteEventBusCommand, { Name: name });
  await queue.send(new sqs.DeleteQueueCommand({ QueueUrl }));
}

async function mails() {
  const client = new sesv2.SESv2Client(settings);
  const send = (Command, input) => client.send(new Command(input));
  const sender = `${name}@example.com`;
  const Destination = { ToAddresses: ['success@simulator.amazonses.com'] };
  await send(sesv2.CreateEmailIdentityCommand, { EmailIdentity: sender });
  const Simple = { Subject: { Data: 'Đơn hàng' }, Body: { Text: { Data: 't' } } };
  const one = await send(sesv2.SendEmailCommand, { FromEmailAddress: sender, Destination, Content: { Simple } });
  const raw = new TextEncoder().encode(`From: ${sender}\r\nTo: success@simulator.amazonses.com\r\nSubject: raw\r\n\r\nbody\r\n`);
  const two = await send(sesv2.SendEmailCommand, { Content: { Raw: { Data: raw } } });
  same('message ids', [typeof one.MessageId, one.MessageId === two.MessageId], ['string', false]);
  await refused('an unverified sender', 'MessageRejected', 400,
    send(sesv2.SendEmailCommand, { FromEmailAddress: `x@${name}.example`, Destination, Content: { Simple } }), sesv2.MessageRejected);
  await send(sesv2.PutSuppressedDestinationCommand, { EmailAddress: `${name}@example.org`, Reason: 'COMPLAINT' });
  const { SuppressedDestination } = await send(sesv2.GetSuppressedDestinationCommand, { EmailAddress: `${name}@example.org` });
  same('a suppressed address', [SuppressedDestination.Reason, SuppressedDestination.LastUpdateTime instanceof Date], ['COMPLAINT', true]);
  await send(sesv2.DeleteSuppressedDestinationCommand, { EmailAddress: `${name}@example.org` });
  await send(sesv2.DeleteEmailIdentityCommand, { EmailIdentity: sender });
}

async function models() {
  const client = new bedrock.BedrockRuntimeClient(settings);
  const modelId = 'anthropic.claude-3-haiku-20240307-v1:0';
  const messages = [{ role: 'user', content: [{ text: 'The parcel came late and the box was open.' }] }];
  const schema = { type: 'object', properties: { label: { type: 'string', enum: ['delivery', 'billing'] } }, required: ['label'], additionalProperties: false };
  const converse = (input) => client.send(new bedrock.ConverseCommand({ modelId, messages, ...input }));
  const outputConfig = { textFormat: { type: 'json_schema', structure: { jsonSchema: { name: 'label', schema: JSON.stringify(schema) } } } };
  const out = await converse({ outputConfig, inferenceConfig: { maxTokens: 200 } });
  same('an answer of the schema', [Object.keys(JSON.parse(out.output.message.content[0].text)), out.stopReason], [['label'], 'end_turn']);
  const toolConfig = { tools: [{ toolSpec: { name: 'label', inputSchema: { json: schema } } }], toolChoice: { tool: { name: 'label' } } };
  const used = await converse({ toolConfig });
  same('a forced tool', [used.stopReason, Object.keys(used.output.message.content[0].toolUse.input)], ['tool_use', ['label']]);
  const body = JSON.stringify({ anthropic_version: 'bedrock-2023-05-31', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] });
  const invoked = await client.send(new bedrock.InvokeModelCommand({ modelId, body, contentType: 'application/json' }));
  same('InvokeModel', JSON.parse(new TextDecoder().decode(invoked.body)).role, 'assistant');
  const { inputTokens } = await client.send(new bedrock.CountTokensCommand({ modelId, input: { converse: { messages } } }));
  same('CountTokens is what Converse charges', inputTokens, (await converse({})).usage.inputTokens);
  await refused('no messages', 'ValidationException', 400, converse({ messages: [] }), bedrock.ValidationException);
}

try {
  if (!endpoint) {
    throw new Difference('AWS_ENDPOINT_URL must say where the endpoint is');
  }
  await objects();
  await bus(await queues());
  await mails();
  await models();
  console.log('client.mjs: no difference');
} catch (error) {
  console.error(`client.mjs: ${error instanceof Difference ? error.message : error.stack}`);
  process.exitCode = 1;
}
