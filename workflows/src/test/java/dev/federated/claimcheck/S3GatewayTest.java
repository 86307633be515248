package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.federated.encryption.EncryptionKeys;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same as {@link S3BlobStoreTest} with a server that checks signatures and is not ours, where
 * {@code versitygw} is on the PATH.
 */
@Timeout(60)
class S3GatewayTest extends S3BlobStoreTest {
  @TempDir private static Path directory;
  private static S3Gateway gateway;

  @BeforeAll
  static void startGateway() throws Exception {
    if (!Boolean.parseBoolean(System.getenv("FEDERATION_REQUIRE_VERSITYGW"))) {
      assumeTrue(S3Gateway.installed(), "versitygw is not on the PATH");
    }
    gateway = S3Gateway.start(directory);
  }

  @AfterAll
  static void stopGateway() {
    if (gateway != null) {
      gateway.close();
    }
  }

  @Override
  URI serve() {
    return gateway.endpoint();
  }

  @Test
  void aSignatureByAnotherSecretIsAnErrorThatDoesNotRepeatIt() {
    System.setProperty("aws.secretAccessKey", "another-SECRET");
    LargeData data = largeData();

    assertThatThrownBy(() -> converter(data).toPayload("x".repeat(200_000)))
        .isInstanceOf(LargeDataException.class)
        .hasMessageContaining("bucket blobs/large")
        .hasMessageNotContaining("SECRET");
    System.setProperty("aws.secretAccessKey", "secret");
  }

  @Test
  void anInputOfTwentyMegabytesLeavesAReferenceAndIsReadInFull() {
    String input = input(20_000_000);

    Payload payload = converter(largeData()).toPayload(input).orElseThrow();

    assertThat(payload.getSerializedSize()).isLessThan(1_000);
    assertThat(converter(largeData()).fromPayload(payload, String.class, String.class))
        .isEqualTo(input);
  }

  private LargeData largeData() {
    return LargeData.load(
        Map.of(LargeData.VARIABLE, "s3://blobs/large?endpoint=" + gateway.endpoint()));
  }

  private static DataConverter converter(LargeData data) {
    return data.over(DefaultDataConverter.newDefaultInstance(), EncryptionKeys.NONE);
  }

  /** Digits that compress to about a half. */
  private static String input(int length) {
    StringBuilder text = new StringBuilder(length);
    long state = 7;
    while (text.length() < length) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      text.append(state >>> 1);
    }
    text.setLength(length);
    return text.toString();
  }
}
