// What a shop must expect of a Multi-Region Access Point.
// Run: npm install && atoll run --demo --clock manual -- npm test
// `atoll run` starts a server, and gives its command the environment in which the SDK reaches it.
import assert from 'node:assert';
import { beforeEach, test } from 'node:test';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import '@aws-sdk/signature-v4a';

const Bucket = 'arn:aws:s3::123456789012:accesspoint/orders.mrap';
const Key = 'cart.json';

// The server's own API: `atoll help` lists what it can, api/openapi.json says how.
async function atoll(method, path, document = {}) {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${process.env.ATOLL_SERVER}/_atoll/v1${path}`,
    { method, headers, body: JSON.stringify(document) });
  assert(answer.ok, await answer.text());
}

// S3 as one of the demo's people sees it; their name is the access key.
function clientOf(name) {
  const s3 = new S3Client({ region: 'us-east-1', credentials: { accessKeyId: name, secretAccessKey: name } });
  return {
    put: (Body, more = {}) => s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more })),
    get: async () => (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body.transformToString(),
  };
}

beforeEach(() => atoll('POST', '/reset', { to: 'config' }));

test('Paris reads an old cart until the copy arrives', async () => {
  const [alice, bob] = [clientOf('alice'), clientOf('bob')];
  await bob.put('v1');
  await atoll('POST', '/wait', { targets: ['orders/cart.json'] });
  await bob.put('v2');
  assert.strictEqual(await bob.get(), 'v2');
  assert.strictEqual(await alice.get(), 'v1'); // with status 200, and no warning
  await atoll('POST', '/clock', { advance: '15s' });
  assert.strictEqual(await alice.get(), 'v2');
});

test('a cart is created once in each Region, not once', async () => {
  const [alice, bob] = [clientOf('alice'), clientOf('bob')];
  await alice.put('from Paris', { IfNoneMatch: '*' });
  await assert.rejects(alice.put('again', { IfNoneMatch: '*' }), { name: 'PreconditionFailed' });
  await bob.put('from New York', { IfNoneMatch: '*' });
});

test('the client tries again when told to slow down', async () => {
  await atoll('PUT', '/faults/slow', { match: { api: 'PutObject', attempt: '<=2' }, error: '503:SlowDown' });
  const { $metadata } = await clientOf('alice').put('v1');
  assert.strictEqual($metadata.attempts, 3);
});
