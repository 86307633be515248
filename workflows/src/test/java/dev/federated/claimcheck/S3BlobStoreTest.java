package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** S3 as this test's own server speaks it. */
class S3BlobStoreTest {
  private static final String ADDRESS = "ab".repeat(32);
  private static final byte[] CONTENT = {1, 2, 3};
  private static final String PREFIX = UUID.randomUUID() + "/";

  private final List<BlobStore> opened = new ArrayList<>();
  private @Nullable TestingS3 own;
  private URI endpoint = URI.create("http://127.0.0.1");
  private Duration passed = Duration.ZERO;

  @BeforeEach
  void start() throws IOException {
    System.setProperty("aws.accessKeyId", "key");
    System.setProperty("aws.secretAccessKey", "secret");
    endpoint = serve();
  }

  /** The server, with a bucket {@code blobs}, for key {@code key} with secret {@code secret}. */
  URI serve() throws IOException {
    own = TestingS3.start();
    return own.endpoint();
  }

  @AfterEach
  void stop() throws IOException {
    passed = Duration.ofDays(100);
    open(TestingS3.BUCKET, PREFIX).sweep();
    opened.forEach(BlobStore::close);
    if (own != null) {
      own.close();
    }
    System.clearProperty("aws.accessKeyId");
    System.clearProperty("aws.secretAccessKey");
  }

  private BlobStore open(String bucket, String prefix) {
    BlobStore store =
        new S3BlobStore(
            bucket, prefix, endpoint, null, Duration.ofDays(30), () -> Instant.now().plus(passed));
    opened.add(store);
    return store;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "s3:bucket",
        "s3:///prefix",
        "s3://KEY:SECRET@bucket/prefix",
        "s3://bucket?secret=SECRET",
        "s3://bucket?endpoint=SECRET",
        "s3://bucket?endpoint=http://KEY:SECRET@127.0.0.1",
        "s3://bucket?endpoint=ftp://SECRET",
        "s3://bucket?region="
      })
  void whatIsNoBucketIsRefusedWithoutRepeatingIt(String value) {
    assertThatThrownBy(() -> LargeData.load(Map.of(LargeData.VARIABLE, value)))
        .hasMessageContaining(LargeData.VARIABLE)
        .hasMessageContaining("s3://bucket/prefix")
        .hasMessageNotContaining("SECRET");
  }

  @Test
  void aBucketThatIsNotThereIsAnError() {
    BlobStore store = open("nowhere", "");

    assertThatThrownBy(() -> store.put(ADDRESS, CONTENT)).isInstanceOf(IOException.class);
    assertThatThrownBy(() -> store.get(ADDRESS)).isInstanceOf(IOException.class);
    assertThatThrownBy(store::sweep).isInstanceOf(IOException.class);
  }

  @Test
  void whatIsNotThereIsNeitherKeptNorRead() throws IOException {
    BlobStore store = open(TestingS3.BUCKET, PREFIX);

    assertThat(store.keep(ADDRESS)).isFalse();
    assertThat(store.get(ADDRESS)).isNull();
    assertThat(store.sweep()).isZero();
  }

  @Test
  void whatIsPutIsKeptAndReadByEveryStoreOfTheBucket() throws IOException {
    open(TestingS3.BUCKET, PREFIX).put(ADDRESS, CONTENT);
    BlobStore other = open(TestingS3.BUCKET, PREFIX);

    assertThat(other.keep(ADDRESS)).isTrue();
    assertThat(other.get(ADDRESS)).isEqualTo(CONTENT);
    assertThat(other.sweep()).isZero();
  }

  @Test
  void keepingBeyondHalfOfTheExpiryRenewsIt() throws IOException {
    BlobStore store = open(TestingS3.BUCKET, PREFIX);
    store.put(ADDRESS, CONTENT);
    passed = Duration.ofDays(20);

    assertThat(store.keep(ADDRESS)).isTrue();
    assertThat(store.get(ADDRESS)).isEqualTo(CONTENT);
    if (own != null) {
      assertThat(own.copies()).isEqualTo(1);
    }
  }

  @Test
  void whatHasExpiredIsNotKeptAndASweepRemovesItAndNothingElse() throws IOException {
    BlobStore store = open(TestingS3.BUCKET, PREFIX);
    BlobStore others = open(TestingS3.BUCKET, PREFIX + "reports/");
    store.put(ADDRESS, CONTENT);
    others.put("2026.csv", CONTENT);
    passed = Duration.ofDays(31);

    assertThat(store.keep(ADDRESS)).isFalse();
    assertThat(store.sweep()).isEqualTo(1);
    assertThat(store.get(ADDRESS)).isNull();
    assertThat(others.get("2026.csv")).isEqualTo(CONTENT);
  }

  @Test
  void theTextFormNamesBucketAndEndpoint() {
    assertThat(open(TestingS3.BUCKET, "prefix/"))
        .hasToString("bucket blobs/prefix/ at " + endpoint);
  }
}
