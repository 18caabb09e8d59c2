import java.io.ByteArrayInputStream;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.ChecksumAlgorithm;
import software.amazon.awssdk.services.s3.model.ChecksumMode;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectRequest;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ObjectIdentifier;
import software.amazon.awssdk.services.s3.model.PutObjectRequest;
import software.amazon.awssdk.services.s3.model.S3Object;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;

/** What an application asks of a bucket every day; the same through an access point's ARN. */
final class Everyday {
    static final List<String> KEYS = List.of("a b", "a+b", "a//b", "/lead", "ü/日本", "100%", "%2F", "a&b=c?d#e",
        "q'\"<>", "t~*()!$,;:@", "trail/", "./x", "a/../b", "\ud83d\ude00", "a\\b");
    private static final byte[] PART = new byte[5 << 20];

    private final Checks checks;
    private final S3Client s3;
    private final S3Presigner presigner;
    private final String bucket;

    Everyday(Checks checks, S3Client s3, S3Presigner presigner, String bucket) {
        this.checks = checks;
        this.s3 = s3;
        this.presigner = presigner;
        this.bucket = bucket;
    }

    private void put(String key, String body) {
        s3.putObject(r -> r.bucket(bucket).key(key), RequestBody.fromString(body));
    }

    private String get(String key) {
        return s3.getObjectAsBytes(r -> r.bucket(bucket).key(key)).asUtf8String();
    }

    private void holds(String what, Checks.Claim claim) {
        checks.holds(bucket + ": " + what, claim);
    }

    static String fetch(String method, URI url, String body) throws Exception {
        URI proxy = URI.create(System.getenv("HTTPS_PROXY"));
        HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection(url.getScheme().equals("http")
            ? Proxy.NO_PROXY : new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), proxy.getPort())));
        connection.setRequestMethod(method);
        connection.setRequestProperty("Content-Type", "application/json");
        if (body != null) {
            connection.setDoOutput(true);
            connection.getOutputStream().write(body.getBytes(StandardCharsets.UTF_8));
        }
        int status = connection.getResponseCode();
        try (var stream = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
            return status + " " + new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void keys() {
        for (String name : KEYS) {
            String key = "keys/" + name;
            holds("the key " + name, () -> {
                put(key, name);
                Checks.equal(get(key), name);
            });
            holds("and presigned", () -> {
                var read = presigner.presignGetObject(p -> p.signatureDuration(Duration.ofMinutes(5))
                    .getObjectRequest(r -> r.bucket(bucket).key(key)));
                Checks.equal(fetch("GET", read.url().toURI(), null), "200 " + name);
                var write = presigner.presignPutObject(p -> p.signatureDuration(Duration.ofMinutes(5))
                    .putObjectRequest(r -> r.bucket(bucket).key(key)));
                Checks.equal(fetch("PUT", write.url().toURI(), "by url"), "200 ");
                Checks.equal(get(key), "by url");
            });
        }
        holds("the keys, page by page", () -> {
            List<String> seen = new ArrayList<>();
            for (S3Object object : s3.listObjectsV2Paginator(
                    r -> r.bucket(bucket).prefix("keys/").maxKeys(4)).contents()) {
                seen.add(object.key().substring(5));
            }
            List<String> want = new ArrayList<>(KEYS);
            want.sort((a, b) -> Arrays.compareUnsigned(a.getBytes(StandardCharsets.UTF_8),
                b.getBytes(StandardCharsets.UTF_8)));
            Checks.equal(seen, want);
        });
        if (bucket.startsWith("arn:")) {
            return; // DeleteObjects is not among what AWS answers there
        }
        holds("the keys by DeleteObjects", () -> {
            List<ObjectIdentifier> all = KEYS.stream()
                .map(name -> ObjectIdentifier.builder().key("keys/" + name).build()).toList();
            var gone = s3.deleteObjects(r -> r.bucket(bucket).delete(d -> d.objects(all)));
            Checks.equal(List.of(gone.deleted().size(), gone.hasErrors()), List.of(all.size(), false));
        });
    }

    private void checksums() {
        for (ChecksumAlgorithm algorithm : List.of(ChecksumAlgorithm.CRC32, ChecksumAlgorithm.CRC32_C,
                ChecksumAlgorithm.CRC64_NVME, ChecksumAlgorithm.SHA1, ChecksumAlgorithm.SHA256)) {
            holds(algorithm + " in a trailer, kept and verified", () -> {
                var request = PutObjectRequest.builder().bucket(bucket).key("sum").checksumAlgorithm(algorithm).build();
                s3.putObject(request, RequestBody.fromString("body"));
                var got = s3.getObjectAsBytes(r -> r.bucket(bucket).key("sum").checksumMode(ChecksumMode.ENABLED));
                Checks.equal(got.asUtf8String() + got.response().checksumTypeAsString(), "bodyFULL_OBJECT");
            });
        }
        holds("a PUT without a word has a CRC32", () -> {
            put("sum", "123456789");
            var head = s3.headObject(r -> r.bucket(bucket).key("sum").checksumMode(ChecksumMode.ENABLED));
            Checks.equal(head.checksumCRC32(), "y/Q5Jg==");
        });
        holds("a wrong checksum is refused", () -> Checks.refused(400, "BadDigest", () -> s3.putObject(
            r -> r.bucket(bucket).key("sum").checksumCRC32("AAAAAA=="), RequestBody.fromString("body"))));
        holds("a stream whose end is not known", () -> {
            s3.putObject(r -> r.bucket(bucket).key("stream"), RequestBody.fromContentProvider(
                () -> new ByteArrayInputStream("streamed".getBytes(StandardCharsets.UTF_8)), "text/plain"));
            Checks.equal(get("stream"), "streamed");
        });
    }

    private void conditions() {
        holds("conditions, ranges, typed errors", () -> {
            put("c", "0123456789");
            String tag = s3.headObject(r -> r.bucket(bucket).key("c")).eTag();
            Checks.refused(412, "PreconditionFailed", () -> s3.putObject(
                r -> r.bucket(bucket).key("c").ifNoneMatch("*"), RequestBody.fromString("2")));
            Checks.refused(412, "PreconditionFailed", () -> s3.putObject(
                r -> r.bucket(bucket).key("c").ifMatch("\"no\""), RequestBody.fromString("2")));
            s3.putObject(r -> r.bucket(bucket).key("c").ifMatch(tag), RequestBody.fromString("0123456789"));
            var part = s3.getObjectAsBytes(r -> r.bucket(bucket).key("c").range("bytes=2-4"));
            Checks.equal(part.asUtf8String() + part.response().contentRange(), "234bytes 2-4/10");
            Checks.refused(416, "InvalidRange", () -> s3.getObjectAsBytes(
                r -> r.bucket(bucket).key("c").range("bytes=10-")));
            try {
                get("missing");
                throw new AssertionError("a missing key was there");
            } catch (NoSuchKeyException error) {
                Checks.equal(error.statusCode() + " " + (error.requestId() != null), "404 true");
            }
        });
        holds("a waiter, tags, a delete", () -> {
            s3.putObject(r -> r.bucket(bucket).key("t").tagging("a=1&b=%20"), RequestBody.empty());
            s3.waiter().waitUntilObjectExists(r -> r.bucket(bucket).key("t"));
            Checks.equal(s3.getObjectTagging(r -> r.bucket(bucket).key("t")).tagSet().get(1).value(), " ");
            s3.deleteObject(r -> r.bucket(bucket).key("t"));
            s3.waiter().waitUntilObjectNotExists(r -> r.bucket(bucket).key("t"));
        });
    }

    private CompletedPart part(String upload, int number) {
        var answer = s3.uploadPart(r -> r.bucket(bucket).key("parts").uploadId(upload).partNumber(number),
            RequestBody.fromBytes(PART));
        return CompletedPart.builder().partNumber(number).eTag(answer.eTag())
            .checksumCRC32(answer.checksumCRC32()).build();
    }

    private void multipart() {
        holds("a multipart upload by hand", () -> {
            String upload = s3.createMultipartUpload(r -> r.bucket(bucket).key("parts")
                .checksumAlgorithm(ChecksumAlgorithm.CRC32)).uploadId();
            List<CompletedPart> parts = List.of(part(upload, 1), part(upload, 2));
            Checks.equal(s3.listPartsPaginator(r -> r.bucket(bucket).key("parts").uploadId(upload).maxParts(1))
                .parts().stream().map(p -> p.partNumber()).toList(), List.of(1, 2));
            var done = s3.completeMultipartUpload(r -> r.bucket(bucket).key("parts").uploadId(upload)
                .multipartUpload(m -> m.parts(parts)));
            Checks.equal(done.eTag().endsWith("-2\""), true);
            Checks.equal(s3.headObject(r -> r.bucket(bucket).key("parts")).contentLength(), 10L << 20);
            Checks.refused(404, "NoSuchUpload",
                () -> s3.abortMultipartUpload(r -> r.bucket(bucket).key("parts").uploadId(upload)));
        });
    }

    /* aws/aws-sdk-java-v2#6518: it sends CRC32 with each part all the same, and AWS then knows no such part. */
    private void multipartWithoutAlgorithm() {
        holds("CRC32s of parts of an upload that was begun without any", () -> {
            String upload = s3.createMultipartUpload(r -> r.bucket(bucket).key("parts")).uploadId();
            CompletedPart part = part(upload, 1);
            Checks.refused(400, "InvalidPart", () -> s3.completeMultipartUpload(
                r -> r.bucket(bucket).key("parts").uploadId(upload).multipartUpload(m -> m.parts(part))));
            CompletedPart bare = part.toBuilder().checksumCRC32(null).build();
            s3.completeMultipartUpload(
                r -> r.bucket(bucket).key("parts").uploadId(upload).multipartUpload(m -> m.parts(bare)));
        });
    }

    void all() {
        keys();
        checksums();
        conditions();
        multipart();
        multipartWithoutAlgorithm();
    }
}
