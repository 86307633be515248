package dev.federated.claimcheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ByteString;
import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.encryption.UnknownEncryptionKeyException;
import dev.federated.parsing.InvalidDocumentException;
import io.temporal.api.common.v1.Payload;
import io.temporal.common.converter.DataConverter;
import io.temporal.common.converter.DefaultDataConverter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LargeDataTest {
  private static final String CANARY = "CANARY";
  private static final EncryptionKeys OLD = EncryptionKeys.parse("old=" + key(1));
  private static final EncryptionKeys NEW =
      EncryptionKeys.parse("new=%s,old=%s".formatted(key(2), key(1)));

  @TempDir private Path directory;
  private DataConverter converter = DefaultDataConverter.newDefaultInstance();

  private static String key(int fill) {
    byte[] key = new byte[EncryptionKeys.KEY_BYTES];
    Arrays.fill(key, (byte) fill);
    return Base64.getEncoder().encodeToString(key);
  }

  private DataConverter converter(EncryptionKeys keys) {
    return LargeData.load(Map.of(LargeData.VARIABLE, directory.toUri().toString()))
        .over(DefaultDataConverter.newDefaultInstance(), keys);
  }

  @BeforeEach
  void useTheDirectory() {
    converter = converter(EncryptionKeys.NONE);
  }

  /** A request of a region with inputs of 200 KB. */
  private static ObjectNode request(String region) {
    ObjectNode request = JsonNodeFactory.instance.objectNode();
    request.put("region", region);
    ObjectNode inputs = request.putObject("inputs");
    inputs.put("text", CANARY + "x".repeat(200_000));
    return request;
  }

  private static Payload write(DataConverter converter, Object value) {
    return converter.toPayload(value).orElseThrow();
  }

  private static JsonNode read(DataConverter converter, Payload payload) {
    return converter.fromPayload(payload, JsonNode.class, JsonNode.class);
  }

  private List<Path> stored() throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }

  private static String text(byte[] bytes) {
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/srv/data",
        "data",
        "file:data",
        "file://host/data",
        "ftp://user:SECRET@host/x",
        "%%SECRET"
      })
  void whatIsNoStoreIsRefusedWithoutRepeatingIt(String value) {
    assertThatThrownBy(() -> LargeData.load(Map.of(LargeData.VARIABLE, value)))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining(LargeData.VARIABLE)
        .hasMessageContaining("file:/srv/large-data")
        .hasMessageNotContaining("SECRET");
  }

  @Test
  void aDirectoryThatIsNotThereIsRefused() {
    Path absent = directory.resolve("absent");

    assertThatThrownBy(() -> LargeData.load(Map.of(LargeData.VARIABLE, absent.toUri().toString())))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("there is no directory " + absent);
  }

  @ParameterizedTest
  @ValueSource(strings = {"30", "-P1D", "PT59M", "soon"})
  void anExpiryThatIsNoDurationOrTooShortIsRefused(String expiry) {
    Map<String, String> environment =
        Map.of(LargeData.VARIABLE, directory.toUri().toString(), LargeData.EXPIRY_VARIABLE, expiry);

    assertThatThrownBy(() -> LargeData.load(environment))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining(LargeData.EXPIRY_VARIABLE)
        .hasMessageContaining(expiry);
  }

  @Test
  void aReferenceNeedsAStore() {
    Payload reference = write(converter, request("eu"));
    DataConverter without =
        LargeData.NONE.over(DefaultDataConverter.newDefaultInstance(), EncryptionKeys.NONE);

    assertThatThrownBy(() -> read(without, reference))
        .isInstanceOf(LargeDataException.class)
        .hasMessageContaining("this process has no store; set " + LargeData.VARIABLE);
  }

  @Test
  void whatHasExpiredIsNamedWithItsStore() throws IOException {
    Payload reference = write(converter, request("eu"));
    Path blob = stored().get(0);
    Files.delete(blob);

    assertThatThrownBy(() -> read(converter, reference))
        .isInstanceOf(LargeDataException.class)
        .hasMessageContaining("large data " + blob.getFileName())
        .hasMessageContaining("is not in directory " + directory)
        .hasMessageContaining(LargeData.EXPIRY_VARIABLE)
        .hasMessageContaining(LargeData.VARIABLE);
  }

  @Test
  void whatWasChangedInTheStoreIsRefused() throws IOException {
    Payload first = write(converter, request("eu"));
    Path blob = stored().get(0);
    ObjectNode other = request("eu");
    other.withObject("/inputs").put("text", "y".repeat(200_000));
    Payload second = write(converter, other);
    Path otherBlob = stored().stream().filter(file -> !file.equals(blob)).findFirst().orElseThrow();

    Files.write(blob, Files.readAllBytes(otherBlob));
    Files.write(otherBlob, new byte[] {1, 2, 3});

    for (Payload payload : List.of(first, second)) {
      assertThatThrownBy(() -> read(converter, payload))
          .isInstanceOf(LargeDataException.class)
          .hasMessageContaining("its SHA-256 differs");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0 5 ../../../../etc/passwd",
        "0 99999999999 aa bb",
        "-1 5 aa bb",
      })
  void aReferenceThatIsNoneIsRefused(String parts) {
    Payload reference =
        write(converter, request("eu")).toBuilder()
            .putMetadata(ClaimCheckCodec.PARTS_METADATA, ByteString.copyFromUtf8(parts))
            .build();

    assertThatThrownBy(() -> read(converter, reference)).isInstanceOf(LargeDataException.class);
  }

  @Test
  void aPartThatBelongsOutsideOfItsPayloadIsRefused() {
    Payload reference = write(converter, request("eu"));
    String parts = reference.getMetadataOrThrow(ClaimCheckCodec.PARTS_METADATA).toStringUtf8();
    Payload moved =
        reference.toBuilder()
            .putMetadata(ClaimCheckCodec.PARTS_METADATA, ByteString.copyFromUtf8("9" + parts))
            .build();

    assertThatThrownBy(() -> read(converter, moved))
        .isInstanceOf(LargeDataException.class)
        .hasMessageContaining("outside of it");
  }

  @Test
  void aStoreThatIsGoneIsAnErrorAndNotAnEmptyOne() throws IOException {
    Payload reference = write(converter, request("eu"));
    Path moved = directory.resolveSibling(directory.getFileName() + "-moved");
    Files.move(directory, moved);
    try {
      assertThatThrownBy(() -> read(converter, reference))
          .isInstanceOf(LargeDataException.class)
          .hasMessageContaining("cannot be read from directory " + directory);
      assertThatThrownBy(() -> write(converter, request("eu")))
          .isInstanceOf(LargeDataException.class)
          .hasMessageContaining("cannot be written to the store of large data");
    } finally {
      Files.move(moved, directory);
    }
  }

  @Test
  void withoutAStoreNothingChanges() {
    DataConverter plain = DefaultDataConverter.newDefaultInstance();

    assertThat(write(LargeData.NONE.over(plain, EncryptionKeys.NONE), request("eu")))
        .isEqualTo(write(plain, request("eu")));
  }

  @Test
  void smallPayloadsStayWhereTheyAre() throws IOException {
    String small = "x".repeat(LargeData.THRESHOLD_BYTES - 2);

    assertThat(write(converter, small))
        .isEqualTo(write(DefaultDataConverter.newDefaultInstance(), small));
    assertThat(stored()).isEmpty();
  }

  @Test
  void aLargePayloadIsAReferenceAndReadsAsItWas() {
    Payload reference = write(converter, request("eu"));

    assertThat(reference.getSerializedSize()).isLessThan(500);
    assertThat(reference.getData().toStringUtf8())
        .isEqualTo("{\"region\":\"eu\",\"inputs\":{\"text\":}}");
    assertThat(read(converter, reference)).isEqualTo(request("eu"));
  }

  @Test
  void bytesAreStoredWhole() throws IOException {
    byte[] bytes = new byte[300_000];
    Arrays.fill(bytes, (byte) '{');

    Payload reference = write(converter, bytes);

    assertThat(reference.getData().size()).isZero();
    assertThat(stored()).hasSize(1);
    assertThat(converter.fromPayload(reference, byte[].class, byte[].class)).isEqualTo(bytes);
  }

  @Test
  void inputsThatRegionsShareAreStoredOnceAndCompressed() throws IOException {
    Payload eu = write(converter, request("eu"));
    Payload us = write(converter, request("us"));

    assertThat(stored()).hasSize(1);
    assertThat(Files.size(stored().get(0))).isLessThan(10_000);
    assertThat(read(converter, eu)).isEqualTo(request("eu"));
    assertThat(read(converter, us)).isEqualTo(request("us"));
  }

  @Test
  void withKeysNothingReadableIsStoredAndItsAddressTellsNothing() throws IOException {
    write(converter, request("eu"));
    Path clear = stored().get(0);
    DataConverter encrypting = converter(OLD);

    Payload eu = write(encrypting, request("eu"));
    Payload us = write(encrypting, request("us"));

    List<Path> encrypted = stored().stream().filter(file -> !file.equals(clear)).toList();
    assertThat(encrypted).hasSize(1);
    assertThat(encrypted.get(0).getFileName()).isNotEqualTo(clear.getFileName());
    assertThat(text(Files.readAllBytes(encrypted.get(0))))
        .contains(EncryptingCodec.ENCODING)
        .doesNotContain(CANARY);
    assertThat(text(eu.toByteArray()))
        .contains(EncryptingCodec.ENCODING)
        .doesNotContain(clear.getFileName().toString());
    assertThat(read(encrypting, eu)).isEqualTo(request("eu"));
    assertThat(read(encrypting, us)).isEqualTo(request("us"));
  }

  @Test
  void afterARotationTheOldIsReadAndTheNewIsStoredAnew() throws IOException {
    Payload old = write(converter(OLD), request("eu"));
    Payload renewed = write(converter(NEW), request("eu"));

    assertThat(stored()).hasSize(2);
    assertThat(read(converter(NEW), old)).isEqualTo(request("eu"));
    assertThat(read(converter(NEW), renewed)).isEqualTo(request("eu"));
    assertThatThrownBy(() -> read(converter(OLD), renewed))
        .isInstanceOf(UnknownEncryptionKeyException.class);
  }

  @Test
  void theTextFormNamesTheStore() {
    assertThat(LargeData.NONE).hasToString("LargeData[none]");
    assertThat(LargeData.load(Map.of(LargeData.VARIABLE, directory.toUri().toString())))
        .hasToString("LargeData[directory %s]".formatted(directory));
  }
}
