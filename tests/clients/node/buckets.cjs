// What a Node application asks of S3 every day: buckets by endpoint, an access point by its ARN,
// S3 Control, STS and CloudWatch. SigV4A is signature-v4-crt's: signature-v4a cannot presign.
//
// usage: node buckets.cjs; prints "ok" and "FAIL" lines and "N passed, N failed".
'use strict';
const assert = require('node:assert');
const http = require('node:http');
const https = require('node:https');
const { Readable } = require('node:stream');
const s3sdk = require('@aws-sdk/client-s3');
const control = require('@aws-sdk/client-s3-control');
const { CloudWatchClient, ListMetricsCommand } = require('@aws-sdk/client-cloudwatch');
const { STSClient, GetCallerIdentityCommand, GetSessionTokenCommand } = require('@aws-sdk/client-sts');
const { Upload } = require('@aws-sdk/lib-storage');
const { getSignedUrl } = require('@aws-sdk/s3-request-presigner');
require('@aws-sdk/signature-v4-crt');

const ARN = 'arn:aws:s3::123456789012:accesspoint/mfzwi23gnjvgw.mrap';
const BIG = Buffer.alloc(20 << 20, 'atoll');
const KEYS = ['a b', 'a+b', 'a//b', '/lead', 'ü/日本', '100%', '%2F', 'a&b=c?d#e', "q'\"<>", 't~*()!$,;:@',
  'trail/', './x', 'a/../b', '\u{1f600}', 'a\\b'];
// signature-v4-crt signs a tidied path, which is not the one it sends: S3 refuses these keys.
const UNTIDY = ['a//b', '/lead', './x', 'a/../b'];
let passed = 0;
let failed = 0;

async function check(what, holds) {
  try {
    await holds();
    passed += 1;
    console.log(`ok    node: ${what}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  node: ${what} (${error.name}: ${error.message})`);
  }
}

async function refused(promise, name, status) {
  await assert.rejects(promise, (error) => {
    assert.deepStrictEqual([error.name, error.$metadata.httpStatusCode], [name, status]);
    return true;
  });
}

// The URL as it is written: Node's own parser would tidy "a/../b" away.
function fetchUrl(url, method = 'GET', body = undefined) {
  return new Promise((resolve, reject) => {
    const [, scheme, hostname, port, path] = /^(https?):\/\/([^/:]+):?(\d*)(.*)$/.exec(url);
    const headers = body ? { 'Content-Length': body.length } : {};
    const module = scheme === 'https' ? https : http;
    module.request({ hostname, port: port || undefined, path, method, headers }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part));
      answer.on('end', () => resolve([answer.statusCode, Buffer.concat(parts).toString()]));
    }).on('error', reject).end(body);
  });
}

function caller(client) {
  return new Proxy({}, {
    get: (_, name) => (input) => client.send(new s3sdk[`${name}Command`](input)),
  });
}

async function textOf(answer) {
  return answer.Body.transformToString();
}

async function keysThrough(client, Bucket, keys) {
  const s3 = caller(client);
  for (const key of keys) {
    await check(`${Bucket}: the key ${JSON.stringify(key)}, by call and by URL`, async () => {
      const at = { Bucket, Key: `keys/${key}` };
      await s3.PutObject({ ...at, Body: key });
      assert.strictEqual(await textOf(await s3.GetObject(at)), key);
      const url = await getSignedUrl(client, new s3sdk.GetObjectCommand(at), { expiresIn: 60 });
      assert.deepStrictEqual(await fetchUrl(url), [200, key]);
      const put = await getSignedUrl(client, new s3sdk.PutObjectCommand(at), { expiresIn: 60 });
      assert.strictEqual((await fetchUrl(put, 'PUT', 'by url'))[0], 200);
      assert.strictEqual(await textOf(await s3.GetObject({ ...at, Range: 'bytes=3-' })), 'url');
    });
  }
  await check(`${Bucket}: the keys, page by page`, async () => {
    const seen = [];
    const pages = s3sdk.paginateListObjectsV2({ client, pageSize: 4 }, { Bucket, Prefix: 'keys/' });
    for await (const page of pages) seen.push(...page.Contents.map((o) => o.Key.slice(5)));
    assert.deepStrictEqual(seen, [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });
  await check(`${Bucket}: 20 MiB by lib-storage`, async () => {
    const body = Readable.from([BIG.subarray(0, 7 << 20), BIG.subarray(7 << 20)]);
    await new Upload({ client, params: { Bucket, Key: 'big', Body: body } }).done();
    const got = await (await s3.GetObject({ Bucket, Key: 'big' })).Body.transformToByteArray();
    assert(BIG.equals(got));
    assert.match((await s3.HeadObject({ Bucket, Key: 'big' })).ETag, /-4"$/);
  });
  for (const algorithm of ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256']) {
    await check(`${Bucket}: ${algorithm}, kept and verified`, async () => {
      const at = { Bucket, Key: 'sum' };
      const put = await s3.PutObject({ ...at, Body: 'body', ChecksumAlgorithm: algorithm });
      const got = await s3.GetObject({ ...at, ChecksumMode: 'ENABLED' });
      assert.strictEqual(await textOf(got), 'body');
      assert.strictEqual(got[`Checksum${algorithm}`], put[`Checksum${algorithm}`]);
      assert(put[`Checksum${algorithm}`]);
    });
  }
  await check(`${Bucket}: an empty body, tags, a condition that fails`, async () => {
    const at = { Bucket, Key: 'small' };
    await s3.PutObject({ ...at, Body: Buffer.alloc(0), Tagging: 'a=1' });
    assert.strictEqual(await textOf(await s3.GetObject(at)), '');
    assert.deepStrictEqual((await s3.GetObjectTagging(at)).TagSet, [{ Key: 'a', Value: '1' }]);
    await refused(s3.PutObject({ ...at, IfNoneMatch: '*' }), 'PreconditionFailed', 412);
  });
  await check(`${Bucket}: NoSuchKey is a class`, async () => {
    await assert.rejects(s3.GetObject({ Bucket, Key: 'missing' }), s3sdk.NoSuchKey);
    await assert.rejects(s3.HeadObject({ Bucket, Key: 'missing' }), s3sdk.NotFound);
  });
  await check(`${Bucket}: waiters`, async () => {
    const now = { client, minDelay: 1, maxDelay: 1, maxWaitTime: 2 };
    await s3sdk.waitUntilObjectExists(now, { Bucket, Key: 'small' });
    await s3.DeleteObject({ Bucket, Key: 'small' });
    await s3sdk.waitUntilObjectNotExists(now, { Bucket, Key: 'small' });
  });
}

async function plain(client, Bucket) {
  const s3 = caller(client);
  await check('a copy, attributes, a typed error for a bucket that is not there', async () => {
    await s3.PutObject({ Bucket, Key: 'k +ü', Body: '0123456789' });
    await s3.CopyObject({ Bucket, Key: 'copy', CopySource: `${Bucket}/${encodeURIComponent('k +ü')}` });
    const got = await s3.GetObjectAttributes(
      { Bucket, Key: 'copy', ObjectAttributes: ['ObjectSize', 'Checksum', 'ETag'] });
    assert.strictEqual(got.ObjectSize, 10);
    assert(got.Checksum.ChecksumCRC32);
    await assert.rejects(s3.ListObjectsV2({ Bucket: 'node-nobody' }), s3sdk.NoSuchBucket);
    await assert.rejects(s3.HeadBucket({ Bucket: 'node-nobody' }), s3sdk.NotFound);
  });
  await check('versions: a marker, the version before it, both deleted', async () => {
    await s3.PutBucketVersioning({ Bucket, VersioningConfiguration: { Status: 'Enabled' } });
    const at = { Bucket, Key: 'v' };
    const { VersionId } = await s3.PutObject({ ...at, Body: '1' });
    const marker = await s3.DeleteObject(at);
    assert.strictEqual(marker.DeleteMarker, true);
    assert.strictEqual(await textOf(await s3.GetObject({ ...at, VersionId })), '1');
    await refused(s3.GetObject({ ...at, VersionId: marker.VersionId }), 'MethodNotAllowed', 405);
    await s3.DeleteObject({ ...at, VersionId: marker.VersionId });
    assert.strictEqual((await s3.HeadObject(at)).VersionId, VersionId);
  });
  await check('everything deleted by DeleteObjects, then the bucket', async () => {
    const all = await s3.ListObjectVersions({ Bucket });
    const Objects = [...all.Versions, ...(all.DeleteMarkers || [])]
      .map(({ Key, VersionId }) => ({ Key, VersionId }));
    const gone = await s3.DeleteObjects({ Bucket, Delete: { Objects } });
    assert.deepStrictEqual([gone.Deleted.length, gone.Errors], [Objects.length, undefined]);
    await s3.DeleteBucket({ Bucket });
    await s3sdk.waitUntilBucketNotExists({ client, minDelay: 1, maxWaitTime: 2 }, { Bucket });
  });
}

async function regions() {
  const eu = caller(new s3sdk.S3Client({ region: 'eu-west-1' }));
  const us = caller(new s3sdk.S3Client({ region: 'us-east-1', followRegionRedirects: true }));
  const Bucket = 'node-eu';
  await check('a bucket of another Region, by redirect', async () => {
    await eu.CreateBucket({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } });
    await us.PutObject({ Bucket, Key: 'k', Body: 'eu' });
    assert.strictEqual(await textOf(await us.GetObject({ Bucket, Key: 'k' })), 'eu');
    assert.strictEqual((await us.HeadBucket({ Bucket })).BucketRegion, 'eu-west-1');
  });
}

async function others() {
  await check('credentials of a session', async () => {
    const { Credentials: given } = await new STSClient({}).send(new GetSessionTokenCommand({}));
    const credentials = { accessKeyId: given.AccessKeyId, secretAccessKey: given.SecretAccessKey,
      sessionToken: given.SessionToken };
    const who = await new STSClient({ credentials }).send(new GetCallerIdentityCommand({}));
    assert.strictEqual(who.Account, '123456789012');
    const client = new s3sdk.S3Client({ credentials });
    await caller(client).PutObject({ Bucket: ARN, Key: 'session', Body: 's' });
    const url = await getSignedUrl(client, new s3sdk.GetObjectCommand({ Bucket: ARN, Key: 'session' }));
    assert.deepStrictEqual(await fetchUrl(url), [200, 's']);
  });
  await check('S3 Control: access points of both kinds', async () => {
    const client = new control.S3ControlClient({ region: 'us-east-1' });
    const AccountId = '123456789012';
    const Bucket = 'my-app-data-us-east-1';
    const { AccessPointArn } = await client.send(
      new control.CreateAccessPointCommand({ AccountId, Name: 'node', Bucket }));
    const s3 = caller(new s3sdk.S3Client({}));
    await s3.PutObject({ Bucket: AccessPointArn, Key: 'ü +', Body: 'r' });
    assert.strictEqual(await textOf(await s3.GetObject({ Bucket: AccessPointArn, Key: 'ü +' })), 'r');
    await client.send(new control.DeleteAccessPointCommand({ AccountId, Name: 'node' }));
    const { Routes } = await client.send(
      new control.GetMultiRegionAccessPointRoutesCommand({ AccountId, Mrap: ARN }));
    assert.strictEqual(Routes.length, 3);
  });
  await check('CloudWatch: metrics of replication', async () => {
    const got = await new CloudWatchClient({}).send(new ListMetricsCommand({ Namespace: 'AWS/S3' }));
    assert(got.Metrics.length > 0);
  });
}

async function main() {
  const endpoint = process.env.ATOLL_SERVER;
  const client = new s3sdk.S3Client({ endpoint, forcePathStyle: true });
  await client.send(new s3sdk.CreateBucketCommand({ Bucket: 'node-daily' }));
  await keysThrough(client, 'node-daily', KEYS);
  await plain(client, 'node-daily');
  await regions();
  await keysThrough(new s3sdk.S3Client({}), ARN, KEYS.filter((key) => !UNTIDY.includes(key)));
  await check('keys whose signature says another path', async () => {
    const s3 = caller(new s3sdk.S3Client({}));
    for (const Key of UNTIDY) {
      await refused(s3.PutObject({ Bucket: ARN, Key, Body: Buffer.alloc(0) }), 'SignatureDoesNotMatch', 403);
    }
  });
  await others();
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

main();
