// The article's program for Node: upload and download through a Multi-Region Access Point by its
// ARN. Nothing here knows of atoll: the environment of `atoll env` (NODE_OPTIONS with the preload,
// NODE_EXTRA_CA_CERTS) does it all.
//
// usage: node article.cjs FILE ARN; prints "ok" and "FAIL" lines and "N passed, N failed".
'use strict';
const fs = require('node:fs');
const {
  S3Client, PutObjectCommand, GetObjectCommand, ListObjectsV2Command,
} = require('@aws-sdk/client-s3');
const { S3ControlClient, GetMultiRegionAccessPointCommand } = require('@aws-sdk/client-s3-control');
require('@aws-sdk/signature-v4a');

let passed = 0;
let failed = 0;

async function check(what, holds) {
  let why = '';
  let ok = false;
  try {
    ok = await holds();
  } catch (error) {
    why = ` (${error.name}: ${error.message})`;
  }
  if (ok) passed += 1;
  else failed += 1;
  console.log(`${ok ? 'ok   ' : 'FAIL '} node: ${what}${why}`);
}

async function bytesOf(s3, arn, key) {
  const answer = await s3.send(new GetObjectCommand({ Bucket: arn, Key: key }));
  return Buffer.from(await answer.Body.transformToByteArray());
}

async function main() {
  const [file, arn] = process.argv.slice(2);
  const want = fs.readFileSync(file);
  const s3 = new S3Client({});
  const key = 'assets/node logo+ü.png';

  await check('PutObject of a buffer through the ARN', async () => {
    await s3.send(new PutObjectCommand({ Bucket: arn, Key: key, Body: want }));
    return want.equals(await bytesOf(s3, arn, key));
  });
  await check('PutObject of a stream (chunked, with a trailing checksum)', async () => {
    const body = fs.createReadStream(file);
    await s3.send(new PutObjectCommand(
      { Bucket: arn, Key: `${key}.stream`, Body: body, ContentLength: want.length }));
    return want.equals(await bytesOf(s3, arn, `${key}.stream`));
  });
  await check('ListObjectsV2 names both keys', async () => {
    const list = await s3.send(new ListObjectsV2Command({ Bucket: arn, Prefix: 'assets/node' }));
    return list.Contents.map((o) => o.Key).join() === `${key},${key}.stream`;
  });
  await check('GetMultiRegionAccessPoint says READY', async () => {
    const got = await new S3ControlClient({}).send(
      new GetMultiRegionAccessPointCommand({ AccountId: '123456789012', Name: 'my-global-access-point' }));
    return got.AccessPoint.Status === 'READY' && got.AccessPoint.Regions.length === 3;
  });
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

main();
