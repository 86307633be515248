package dev.federated.encryption;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.stage.Markdown;
import io.temporal.api.common.v1.Payload;
import io.temporal.api.failure.v1.Failure;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DataConverterException;
import io.temporal.common.converter.DefaultDataConverter;
import io.temporal.failure.ApplicationFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptionTest {
  private static final String OLD = "old=" + key(1);
  private static final String NEW = "new=" + key(2);
  private static final String CANARY = "CANARY";

  @TempDir private Path directory;

  private static String key(int fill) {
    byte[] key = new byte[EncryptionKeys.KEY_BYTES];
    Arrays.fill(key, (byte) fill);
    return Base64.getEncoder().encodeToString(key);
  }

  private static DataConverter converter(String keys) {
    return EncryptionKeys.parse(keys).over(DefaultDataConverter.newDefaultInstance());
  }

  private static Payload write(String keys) {
    return converter(keys).toPayload(CANARY).orElseThrow();
  }

  private static String read(String keys, Payload payload) {
    return converter(keys).fromPayload(payload, String.class, String.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U=",
        "U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U",
        "a=U0VDUkVU",
        "a=U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U!",
        "a b=U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U=",
        "=U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U=",
        "U0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0VDUkVUU0U=,a=U0VD",
      })
  void aKeyThatIsNoneIsRefusedWithoutAWordOfIt(String keys) {
    InvalidDocumentException refused =
        catchThrowableOfType(
            InvalidDocumentException.class,
            () -> EncryptionKeys.load(Map.of(EncryptionKeys.VARIABLE, keys)));
    assertThat(refused)
        .hasMessageContaining(EncryptionKeys.VARIABLE)
        .hasMessageContaining("key 1")
        .hasMessageNotContaining("U0V");
    assertThat(refused.problems()).allSatisfy(problem -> assertThat(problem.value()).isNull());
  }

  @Test
  void twoKeysOfOneIdAreRefused() {
    assertThatThrownBy(() -> EncryptionKeys.parse(OLD + "," + OLD))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("key 2")
        .hasMessageContaining("'old'");
  }

  @Test
  void aFileThatIsNotThereIsAProblem() {
    assertThatThrownBy(
            () -> EncryptionKeys.load(Map.of(EncryptionKeys.VARIABLE, "file:/nowhere/keys")))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("there is no file /nowhere/keys");
  }

  @Test
  void aFileWithoutKeysIsAProblemAndNotEncryptionSwitchedOff() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), "\n");
    assertThatThrownBy(() -> EncryptionKeys.load(Map.of(EncryptionKeys.VARIABLE, "file:" + file)))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("there is no key");
  }

  @Test
  void keysComeFromAFileOneALineAndAreNotShown() throws IOException {
    Path file = Files.writeString(directory.resolve("keys"), NEW + "\n" + OLD + "\n");
    EncryptionKeys keys = EncryptionKeys.load(Map.of(EncryptionKeys.VARIABLE, "file:" + file));
    assertThat(keys.ids()).containsExactly("new", "old");
    assertThat(keys).hasToString("EncryptionKeys[new, old]");
  }

  @Test
  void aPayloadOfAnUnknownKeyIsRefusedByTheNameOfTheKey() {
    assertThatThrownBy(() -> read(NEW, write(OLD)))
        .isInstanceOf(UnknownEncryptionKeyException.class)
        .hasMessageContaining("'old'")
        .hasMessageContaining("only new")
        .hasMessageContaining(EncryptionKeys.VARIABLE)
        .hasMessageNotContaining(key(2));
    Payload payload = write(OLD);
    DataConverter without = EncryptionKeys.NONE.over(DefaultDataConverter.newDefaultInstance());
    assertThatThrownBy(() -> without.fromPayload(payload, String.class, String.class))
        .isInstanceOf(UnknownEncryptionKeyException.class)
        .hasMessageContaining("'old'")
        .hasMessageContaining("no keys");
  }

  @Test
  void anotherKeyUnderTheSameIdIsRefused() {
    assertThatThrownBy(() -> read("old=" + key(3), write(OLD)))
        .isInstanceOf(DataConverterException.class)
        .hasMessageContaining("'old'");
  }

  @Test
  void noByteOfAnEncryptedPayloadCanBeChanged() {
    Payload payload = write(OLD);
    for (int i = 0; i < payload.getData().size(); i++) {
      byte[] data = payload.getData().toByteArray();
      data[i] ^= 1;
      Payload changed = payload.toBuilder().setData(ByteString.copyFrom(data)).build();
      assertThatThrownBy(() -> read(OLD, changed))
          .as("byte %d", i)
          .isInstanceOf(DataConverterException.class);
    }
    Payload cut = payload.toBuilder().setData(payload.getData().substring(0, 5)).build();
    assertThatThrownBy(() -> read(OLD, cut)).isInstanceOf(DataConverterException.class);
  }

  @Test
  void theIdOfTheKeyIsAuthenticated() {
    Payload renamed =
        write(OLD).toBuilder()
            .putMetadata(EncryptingCodec.KEY_METADATA, ByteString.copyFromUtf8("copy"))
            .build();
    assertThatThrownBy(() -> read(OLD + ",copy=" + key(1), renamed))
        .isInstanceOf(DataConverterException.class);
  }

  @Test
  void theFirstKeyEncryptsAndAllDecrypt() {
    Payload before = write(OLD);
    String rotated = NEW + "," + OLD;
    assertThat(read(rotated, before)).isEqualTo(CANARY);
    Payload after = write(rotated);
    assertThat(after.getMetadataOrThrow(EncryptingCodec.KEY_METADATA).toStringUtf8())
        .isEqualTo("new");
    assertThat(read(NEW, after)).isEqualTo(CANARY);
    assertThat(read(OLD + "," + NEW, after)).isEqualTo(CANARY);
  }

  @Test
  void equalPayloadsAreEncryptedDifferentlyAndShowNothing() {
    Payload one = write(OLD);
    assertThat(one.getData()).isNotEqualTo(write(OLD).getData());
    assertThat(one.toByteString().toString(StandardCharsets.ISO_8859_1)).doesNotContain(CANARY);
  }

  @Test
  void whatIsNotEncryptedIsReadAsItIs() {
    Payload plain = DefaultDataConverter.newDefaultInstance().toPayload(CANARY).orElseThrow();
    assertThat(read(OLD, plain)).isEqualTo(CANARY);
  }

  @Test
  void withoutKeysPayloadsAreThoseOfTheConverterItself() {
    DataConverter plain = DefaultDataConverter.newDefaultInstance();
    assertThat(EncryptionKeys.NONE.over(plain).toPayload(CANARY))
        .isEqualTo(plain.toPayload(CANARY));
    assertThat(EncryptionKeys.NONE.over(plain).exceptionToFailure(failure()).getMessage())
        .contains(CANARY);
  }

  @Test
  void failuresShowNeitherMessageNorStackTraceNorDetailsAndKeepTheirType() {
    Failure failure = converter(OLD).exceptionToFailure(failure());
    assertThat(failure.toByteString().toString(StandardCharsets.ISO_8859_1))
        .doesNotContain(CANARY)
        .doesNotContain("EncryptionTest")
        .contains("RegionTimeout");
    ApplicationFailure read = (ApplicationFailure) converter(OLD).failureToException(failure);
    assertThat(read.getOriginalMessage()).isEqualTo(CANARY);
    assertThat(read.getDetails().get(0, String.class)).isEqualTo(CANARY);
    assertThat(read.getCause()).hasMessageContaining(CANARY);
  }

  private static ApplicationFailure failure() {
    return ApplicationFailure.newFailureWithCause(
        CANARY, "RegionTimeout", new IllegalStateException(CANARY), CANARY);
  }

  /** The server takes 400 bytes of a summary (its limit.userMetadataSummarySize). */
  @Test
  void theLongestSummaryStillFitsWithTheLongestKeyId() {
    String id = "k".repeat(40);
    Payload summary =
        converter(id + "=" + key(1)).toPayload(Markdown.summary("x".repeat(500))).orElseThrow();
    assertThat(summary.getSerializedSize()).isLessThanOrEqualTo(400);
  }
}
