import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.core.async.AsyncRequestBody;
import software.amazon.awssdk.core.async.AsyncResponseTransformer;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3AsyncClient;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.BucketVersioningStatus;
import software.amazon.awssdk.services.s3.model.NoSuchBucketException;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.ReplicationRule;
import software.amazon.awssdk.services.s3.model.S3Exception;
import software.amazon.awssdk.services.s3.presigner.S3Presigner;
import software.amazon.awssdk.transfer.s3.S3TransferManager;

/**
 * The AWS SDK for Java: every HTTP client of its, a bucket by endpoint and an access point by its ARN.
 *
 * <p>usage: Main FILE ARN; prints "ok ..." and "FAIL ..." lines and "N passed, N failed".
 */
public final class Main {
    private static final URI SERVER = URI.create(System.getenv("ATOLL_SERVER"));
    private static final Checks CHECKS = new Checks();

    private Main() {
    }

    private static void async(String name, S3AsyncClient s3, String bucket, Path file) {
        CHECKS.holds(name + ", " + bucket + ": a file up and down", () -> {
            s3.putObject(r -> r.bucket(bucket).key("ü async"), AsyncRequestBody.fromFile(file)).get(1, TimeUnit.MINUTES);
            byte[] back = s3.getObject(r -> r.bucket(bucket).key("ü async"), AsyncResponseTransformer.toBytes())
                .get(1, TimeUnit.MINUTES).asByteArray();
            Checks.equal(back, Files.readAllBytes(file));
        });
        CHECKS.holds(name + ", " + bucket + ": a body whose length is not known", () -> {
            var body = AsyncRequestBody.forBlockingOutputStream(null);
            var answer = s3.putObject(r -> r.bucket(bucket).key("stream"), body);
            try (var out = body.outputStream()) {
                for (int n = 0; n < 3; n++) {
                    out.write(new byte[1 << 20]);
                }
            }
            answer.get(1, TimeUnit.MINUTES);
            Checks.equal(s3.headObject(r -> r.bucket(bucket).key("stream")).get(1, TimeUnit.MINUTES).contentLength(),
                3L << 20);
        });
        CHECKS.holds(name + ", " + bucket + ": a missing key", () -> {
            try {
                s3.getObject(r -> r.bucket(bucket).key("missing"), AsyncResponseTransformer.toBytes()).join();
                throw new AssertionError("a missing key was there");
            } catch (CompletionException error) {
                // CRT asks with HEAD first, whose answer has no body and so no code.
                Checks.equal(error.getCause().getClass(),
                    name.equals("CRT") ? S3Exception.class : NoSuchKeyException.class);
                Checks.equal(((S3Exception) error.getCause()).statusCode(), 404);
            }
        });
        try (S3TransferManager transfers = S3TransferManager.builder().s3Client(s3).build()) {
            CHECKS.holds(name + ", " + bucket + ": 20 MiB by the transfer manager", () -> {
                Path big = Files.createTempFile("big", "");
                Path back = Files.createTempFile("back", "");
                Files.write(big, new byte[20 << 20]);
                transfers.uploadFile(u -> u.source(big).putObjectRequest(r -> r.bucket(bucket).key("big")))
                    .completionFuture().get(1, TimeUnit.MINUTES);
                transfers.downloadFile(d -> d.destination(back).getObjectRequest(r -> r.bucket(bucket).key("big")))
                    .completionFuture().get(1, TimeUnit.MINUTES);
                Checks.equal(Files.mismatch(big, back), -1L);
            });
        }
    }

    private static void administration(S3Client s3) {
        CHECKS.holds("a bucket of another Region, by redirect", () -> {
            try (S3Client eu = S3Client.builder().region(Region.EU_WEST_1).build();
                    S3Client us = S3Client.builder().crossRegionAccessEnabled(true).build()) {
                eu.createBucket(r -> r.bucket("java-eu"));
                us.putObject(r -> r.bucket("java-eu").key("k"), RequestBody.fromString("eu"));
                Checks.equal(us.getObjectAsBytes(r -> r.bucket("java-eu").key("k")).asUtf8String(), "eu");
                Checks.equal(us.headBucket(r -> r.bucket("java-eu")).bucketRegion(), "eu-west-1");
            }
        });
        CHECKS.holds("versions: a marker, the version before it", () -> {
            s3.createBucket(r -> r.bucket("java-versions"));
            s3.putBucketVersioning(r -> r.bucket("java-versions")
                .versioningConfiguration(v -> v.status(BucketVersioningStatus.ENABLED)));
            String first = s3.putObject(r -> r.bucket("java-versions").key("v"), RequestBody.fromString("1")).versionId();
            Checks.equal(s3.deleteObject(r -> r.bucket("java-versions").key("v")).deleteMarker(), true);
            Checks.equal(s3.getObjectAsBytes(r -> r.bucket("java-versions").key("v").versionId(first))
                .asUtf8String(), "1");
            Checks.equal(s3.listObjectVersionsPaginator(r -> r.bucket("java-versions").maxKeys(1))
                .versions().stream().map(v -> v.versionId()).toList(), List.of(first));
        });
        CHECKS.holds("a rule of replication, put and got", () -> {
            ReplicationRule rule = ReplicationRule.builder().id("all").priority(1).status("Enabled")
                .filter(f -> f.prefix("")).deleteMarkerReplication(d -> d.status("Disabled"))
                .destination(d -> d.bucket("arn:aws:s3:::my-app-data-eu-west-1")).build();
            s3.putBucketReplication(r -> r.bucket("java-versions").replicationConfiguration(
                c -> c.role("arn:aws:iam::123456789012:role/replication").rules(rule)));
            Checks.equal(s3.getBucketReplication(r -> r.bucket("java-versions"))
                .replicationConfiguration().rules(), List.of(rule));
            s3.deleteBucketReplication(r -> r.bucket("java-versions"));
            Checks.refused(404, "ReplicationConfigurationNotFoundError",
                () -> s3.getBucketReplication(r -> r.bucket("java-versions")));
        });
        CHECKS.holds("NoSuchBucket is a class", () -> {
            try {
                s3.listObjectsV2(r -> r.bucket("java-nobody"));
                throw new AssertionError("a missing bucket was there");
            } catch (NoSuchBucketException error) {
                Checks.equal(error.statusCode(), 404);
            }
        });
    }

    private static void retries(S3Client s3) {
        CHECKS.holds("SlowDown twice, then well: one invocation of three attempts", () -> {
            String rule = Everyday.fetch("PUT", SERVER.resolve("/_atoll/v1/faults/slow"),
                "{\"match\": {\"api\": \"PutObject\", \"attempt\": \"<=2\"}, \"error\": \"503:SlowDown\"}");
            Checks.equal(rule.substring(0, 2), "20");
            s3.putObject(r -> r.bucket("java-daily").key("slow"), RequestBody.fromString("slow"));
            Checks.equal(Everyday.fetch("DELETE", SERVER.resolve("/_atoll/v1/faults/slow"), null).charAt(0), '2');
            String seen = Everyday.fetch("GET", SERVER.resolve("/_atoll/v1/requests?limit=3"), null);
            Checks.equal(seen.split("\"SlowDown\"", -1).length - 1, 2);
        });
    }

    private static void byEndpoint(Path file) {
        var style = S3Configuration.builder().pathStyleAccessEnabled(true).build();
        try (S3Client s3 = S3Client.builder().endpointOverride(SERVER).serviceConfiguration(style).build();
                S3Presigner presigner = S3Presigner.builder().endpointOverride(SERVER).serviceConfiguration(style).build();
                S3AsyncClient netty = S3AsyncClient.builder().endpointOverride(SERVER).forcePathStyle(true)
                    .multipartEnabled(true).build();
                S3AsyncClient crt = S3AsyncClient.crtBuilder().endpointOverride(SERVER).forcePathStyle(true).build()) {
            s3.createBucket(r -> r.bucket("java-daily"));
            new Everyday(CHECKS, s3, presigner, "java-daily").all();
            async("Netty", netty, "java-daily", file);
            async("CRT", crt, "java-daily", file);
            administration(s3);
            retries(s3);
        }
    }

    private static void byArn(String arn, Path file) {
        try (S3Client s3 = S3Client.create();
                S3Presigner presigner = S3Presigner.create();
                S3AsyncClient netty = S3AsyncClient.builder().multipartEnabled(true).build();
                S3AsyncClient crt = S3AsyncClient.crtBuilder()
                    .httpConfiguration(h -> h.trustAllCertificatesEnabled(true)).build()) {
            new Everyday(CHECKS, s3, presigner, arn).all();
            async("Netty", netty, arn, file);
            CHECKS.holds("CRT, " + arn + ": signed with Version 4, whose Region must be the one it came to", () ->
                Checks.refused(400, "AuthorizationHeaderMalformed", () -> {
                    try {
                        crt.putObject(r -> r.bucket(arn).key("k"), AsyncRequestBody.fromString("v")).join();
                    } catch (CompletionException error) {
                        throw (Exception) error.getCause();
                    }
                }));
        }
    }

    public static void main(String[] arguments) {
        Path file = Path.of(arguments[0]);
        byEndpoint(file);
        byArn(arguments[1], file);
        System.exit(CHECKS.finish());
    }
}
