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
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where the large parts of payloads go instead of into histories, as the environment says it. All
 * processes of a namespace name the same store: those that start stages and pipelines, control
 * workers, and the workers of every region. Its text form names the store and holds no secret.
 */
public final class LargeData implements AutoCloseable {
  /**
   * The environment variable that names the store: {@code file:/directory}, or {@code
   * s3://bucket/prefix?endpoint=https://host&region=name} with all after the bucket optional.
   */
  public static final String VARIABLE = "FEDERATION_LARGE_DATA";

  /** The environment variable with the expiry as an ISO-8601 duration; default P30D. */
  public static final String EXPIRY_VARIABLE = "FEDERATION_LARGE_DATA_EXPIRY";

  /** Bytes that a payload may keep in the history: 100 KiB. */
  public static final int THRESHOLD_BYTES = 100 * 1024;

  /** How long a blob is kept after it was last written, unless the environment says otherwise. */
  public static final Duration DEFAULT_EXPIRY = Duration.ofDays(30);

  /** No store: payloads go into histories whole, and references are refused. */
  public static final LargeData NONE = new LargeData(null);

  /** What a blob's address looks like. */
  static final Pattern ADDRESS = Pattern.compile("[0-9a-f]{64}");

  private static final Pattern BUCKET = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{1,62}");
  private static final Set<String> S3_OPTIONS = Set.of("endpoint", "region");
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
    if ("s3".equals(uri.getScheme())) {
      return new LargeData(bucket(uri, expiry));
    }
    throw notAStore("is not an address");
  }

  private static BlobStore bucket(URI uri, Duration expiry) {
    String bucket = uri.getRawAuthority();
    if (bucket == null || !BUCKET.matcher(bucket).matches()) {
      // Whatever stands before an '@' would be a credential.
      throw notAStore("does not name one bucket; credentials come by the AWS default chain");
    }
    String path = uri.getPath() == null ? "" : uri.getPath().replaceAll("^/+|/+$", "");
    Map<String, String> options = new LinkedHashMap<>();
    for (String option : uri.getRawQuery() == null ? new String[0] : uri.getRawQuery().split("&")) {
      String[] parts = option.split("=", 2);
      if (parts.length < 2 || !S3_OPTIONS.contains(parts[0]) || parts[1].isBlank()) {
        throw notAStore("has an option other than endpoint=URL and region=NAME");
      }
      options.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return new S3BlobStore(
        bucket,
        path.isEmpty() ? "" : path + "/",
        endpoint(options.get("endpoint")),
        options.get("region"),
        expiry,
        InstantSource.system());
  }

  private static @Nullable URI endpoint(@Nullable String value) {
    if (value == null) {
      return null;
    }
    URI endpoint;
    try {
      endpoint = URI.create(value);
    } catch (IllegalArgumentException e) {
      throw notAStore("has an endpoint that is no address");
    }
    if (endpoint.getHost() == null
        || endpoint.getRawUserInfo() != null
        || !List.of("http", "https").contains(endpoint.getScheme())) {
      throw notAStore("has an endpoint that is no http or https address of a host");
    }
    return endpoint;
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
    return problem(
        VARIABLE,
        "%s; it is file:/srv/large-data, say, or s3://bucket/prefix?region=eu-west-1"
            .formatted(wrong));
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
    if (store == null) {
      return 0;
    }
    LargeDataUse counts = LargeDataUse.of(store);
    try {
      int removed = store.sweep();
      counts.removed(removed);
      return removed;
    } catch (IOException | RuntimeException e) {
      counts.failed();
      throw e;
    }
  }

  /** What this process has done with the store; null if there is none. */
  public @Nullable LargeDataUse use() {
    return store == null ? null : LargeDataUse.of(store);
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
