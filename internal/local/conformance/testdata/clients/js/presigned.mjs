// The AWS SDK for JavaScript v3 against the endpoint at AWS_ENDPOINT_URL: what it
// signs ahead, every checksum it computes, streams, and an upload that is given up.
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { isDeepStrictEqual, inspect } from 'node:util';
import * as s3 from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';

const name = `js-${randomUUID().slice(0, 12)}`;
const client = new s3.S3Client({ maxAttempts: 1 });
const send = (Command, input) => client.send(new Command({ Bucket: name, ...input }));

function same(what, got, want) {
  if (!isDeepStrictEqual(got, want)) {
    console.error(`presigned.mjs: ${what}: got ${inspect(got)}, want ${inspect(want)}`);
    process.exit(1);
  }
}

async function links() {
  // The SDK moves these into the query.
  const put = new s3.PutObjectCommand({ Bucket: name, Key: 'k', Metadata: { who: 'js' }, StorageClass: 'STANDARD_IA' });
  const url = await getSignedUrl(client, put, { expiresIn: 60 });
  same('a link that says more', (await fetch(url, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/x' } })).status, 200);
  const head = await send(s3.HeadObjectCommand, { Key: 'k' });
  same('what it said', [head.Metadata, head.StorageClass, head.ContentType], [{ who: 'js' }, 'STANDARD_IA', 'text/x']);
  const late = await getSignedUrl(client, new s3.GetObjectCommand({ Bucket: name, Key: 'k' }), { expiresIn: 1, signingDate: new Date(Date.now() - 60_000) });
  same('a link that is over', (await fetch(late)).status, 403);

  const form = await createPresignedPost(client, { Bucket: name, Key: 'in/${filename}', Conditions: [['content-length-range', 1, 10]], Expires: 60 });
  const post = (content) => {
    const body = new FormData();
    for (const [field, value] of Object.entries(form.fields)) body.append(field, value);
    body.append('file', new Blob([content]), 'letter.txt');
    return fetch(form.url, { method: 'POST', body });
  };
  same('a form', (await post('hello')).status, 204);
  same('a form with a long file', (await post('hello, everybody')).status, 400);
  same('its object', await (await send(s3.GetObjectCommand, { Key: 'in/letter.txt' })).Body.transformToString(), 'hello');
}

async function checksums() {
  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
    const field = `Checksum${algorithm}`;
    const put = await send(s3.PutObjectCommand, { Key: algorithm, Body: Readable.from([Buffer.from('xin '), Buffer.from('chào')]), ContentLength: 9, ChecksumAlgorithm: algorithm });
    const got = await send(s3.GetObjectCommand, { Key: algorithm, ChecksumMode: 'ENABLED' });
    same(`${algorithm} of a stream`, [await got.Body.transformToString(), got[field], got.ChecksumType], ['xin chào', put[field], 'FULL_OBJECT']);
    const copy = await send(s3.CopyObjectCommand, { Key: 'copy ü', CopySource: `${name}/${algorithm}` });
    same(`${algorithm} of a copy`, copy.CopyObjectResult[field], put[field]);
  }
}

async function uploads() {
  const content = randomBytes(11 << 20);
  const uploaded = await new Upload({ client, params: { Bucket: name, Key: 'large', Body: Readable.from([content]), ChecksumAlgorithm: 'CRC64NVME' } }).done();
  same('an upload of a stream', [uploaded.ETag.split('-')[1], uploaded.ChecksumType], ['3"', 'FULL_OBJECT']);
  const back = await (await send(s3.GetObjectCommand, { Key: 'large' })).Body.transformToByteArray();
  same('it came back', createHash('sha1').update(back).digest('hex'), createHash('sha1').update(content).digest('hex'));
  const { UploadId } = await send(s3.CreateMultipartUploadCommand, { Key: 'given up' });
  await send(s3.AbortMultipartUploadCommand, { Key: 'given up', UploadId });
  same('uploads that are left', (await send(s3.ListMultipartUploadsCommand)).Uploads ?? [], []);
  await s3.waitUntilObjectNotExists({ client, maxWaitTime: 20 }, { Bucket: name, Key: 'given up' });
  const pages = [];
  for await (const page of s3.paginateListBuckets({ client, pageSize: 1 }, { Prefix: name })) pages.push(...page.Buckets.map((bucket) => bucket.Name));
  same('buckets in pages', pages, [name]);
}

await send(s3.CreateBucketCommand);
await links();
await checksums();
await uploads();
const all = (await send(s3.ListObjectsV2Command)).Contents.map(({ Key }) => ({ Key }));
await send(s3.DeleteObjectsCommand, { Delete: { Objects: all } });
await send(s3.DeleteBucketCommand);
console.log('presigned.mjs: no difference');
