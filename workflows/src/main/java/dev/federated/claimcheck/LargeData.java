package dev.federated.claimcheck;

import dev.federated.encryption.EncryptingCodec;
import dev.federated.encryption.EncryptionKeys;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import io.temporal.common.converter.CodecDataConverter;
import io.temporal.common.converter.DataConverter;
import io.temporal.payload.codec.PayloadCodec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the large parts of payloads go instead of into histories, as the environment says it. All
 * processes of a namespace name the same store: those that start stages and pipelines, control
 * workers, and the workers of every region. Its text form names the store and holds no secret.
 */
public final class LargeData implements AutoCloseable {
  /** The environment variable that names the store: {@code file:/directory}. */
  public static final String VARIABLE = "FEDERATION_LARGE_DATA";

  /** The environment variable with the expiry as an ISO-8601 duration; default P30D. */
  public static final String EXPIRY_VARIABLE = "FEDERATION_LARGE_DATA_EXPIRY";

  /** Bytes that a payload may keep in the history: 100 KiB. */
  public static final int THRESHOLD_BYTES = 100 * 1024;

  /** How long a blob is kept after it was last written, unless the environment says otherwise. */
  public static final Duration DEFAULT_EXPIRY = Duration.ofDays(30);

  /** No store: payloads go into histories whole, and references are refused. */
  public static final LargeData NONE = new LargeData(null);

  private static final Duration SHORTEST_EXPIRY = Duration.ofHours(1);

  private final @Nullable BlobStore store;

  private LargeData(@Nullable BlobStore store) {
    this.store = store;
  }

  /**
   * The store that {@link #VARIABLE} names.
   *
   * @param environment environment variables
   * @return {@link #NONE} if it is not set or blank
   * @throws InvalidDocumentException if it names none, or the expiry is wrong
   */
  public static LargeData load(Map<String, String> environment) {
    String value = environment.get(VARIABLE);
    if (value == null || value.isBlank()) {
      return NONE;
    }
    Duration expiry = expiry(environment.get(EXPIRY_VARIABLE));
    URI uri;
    try {
      uri = URI.create(value.strip());
    } catch (IllegalArgumentException e) {
      throw notAStore("is not an address");
    }
    if ("file".equals(uri.getScheme())) {
      return new LargeData(new DirectoryBlobStore(directory(uri), expiry, InstantSource.system()));
    }
    throw notAStore("is not an address");
  }

  private static Path directory(URI uri) {
    Path directory;
    try {
      directory = Path.of(uri);
    } catch (IllegalArgumentException e) {
      throw notAStore("is not the address of an absolute directory");
    }
    if (!Files.isDirectory(directory)) {
      throw problem(
          VARIABLE,
          "there is no directory %s; make it, or mount the share that it is on"
              .formatted(directory));
    }
    return directory;
  }

  private static Duration expiry(@Nullable String value) {
    if (value == null || value.isBlank()) {
      return DEFAULT_EXPIRY;
    }
    Duration expiry;
    try {
      expiry = Duration.parse(value.strip());
    } catch (DateTimeParseException e) {
      throw problem(
          EXPIRY_VARIABLE, "'%s' is not a duration such as P30D or PT12H".formatted(value));
    }
    if (expiry.compareTo(SHORTEST_EXPIRY) < 0) {
      throw problem(
          EXPIRY_VARIABLE,
          "%s is too short; it has to outlast every execution and the namespace's retention, and be PT1H at least"
              .formatted(value));
    }
    return expiry;
  }

  /** The value is not repeated: somebody may have put credentials into it. */
  private static InvalidDocumentException notAStore(String wrong) {
    return problem(VARIABLE, "%s such as file:/srv/large-data".formatted(wrong));
  }

  private static InvalidDocumentException problem(String variable, String message) {
    return new InvalidDocumentException(
        List.of(new Problem(variable, "", null, message, List.of())));
  }

  /** Whether there is a store. */
  public boolean isPresent() {
    return store != null;
  }

  /**
   * A data converter that puts the large parts of what another one writes into the store, then
   * encrypts: what is stored, what refers to it, and messages and stack traces of failures. It
   * reads what was written with any of the keys or none, stored or not.
   *
   * @param converter without codecs of its own; to one with codecs add {@link #codec}
   * @param keys {@link EncryptionKeys#NONE}: nothing is encrypted
   */
  public DataConverter over(DataConverter converter, EncryptionKeys keys) {
    return new CodecDataConverter(
        converter, List.of(new EncryptingCodec(keys), codec(keys)), !keys.isEmpty());
  }

  /**
   * The codec that replaces large parts by references. In a list of codecs it stands behind an
   * {@link EncryptingCodec}, which then encrypts the references.
   *
   * @param keys what the stored parts are encrypted with; {@link EncryptionKeys#NONE}: they are not
   */
  public PayloadCodec codec(EncryptionKeys keys) {
    return new ClaimCheckCodec(store, THRESHOLD_BYTES, keys);
  }

  /**
   * Removes what has expired; nothing if there is no store.
   *
   * @return how many blobs were removed
   * @throws IOException if the store cannot be read or written
   */
  public int sweep() throws IOException {
    return store == null ? 0 : store.sweep();
  }

  /** Releases the store's connections; nothing may use its codecs afterwards. */
  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
  }

  @Override
  public String toString() {
    return "LargeData[%s]".formatted(store == null ? "none" : store);
  }
}
