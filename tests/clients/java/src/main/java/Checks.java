import java.util.Objects;
import software.amazon.awssdk.services.s3.model.S3Exception;

/** Counts what holds and what does not, a line each, as every client test here does. */
final class Checks {
    interface Claim {
        void run() throws Exception;
    }

    private int passed;
    private int failed;

    void holds(String what, Claim claim) {
        try {
            claim.run();
            passed++;
            System.out.println("ok    java: " + what);
        } catch (Exception | AssertionError error) {
            failed++;
            System.out.println("FAIL  java: " + what + " (" + causeOf(error) + ")");
        }
    }

    int finish() {
        System.out.println(passed + " passed, " + failed + " failed");
        return failed == 0 && passed > 0 ? 0 : 1;
    }

    static void equal(Object got, Object want) {
        if (!Objects.deepEquals(got, want)) {
            throw new AssertionError("got " + got + ", want " + want);
        }
    }

    static void refused(int status, String code, Claim claim) throws Exception {
        try {
            claim.run();
        } catch (S3Exception error) {
            equal(error.statusCode() + " " + error.awsErrorDetails().errorCode(), status + " " + code);
            return;
        }
        throw new AssertionError("accepted, want " + code);
    }

    private static Throwable causeOf(Throwable error) {
        return error.getCause() == null ? error : causeOf(error.getCause());
    }
}
