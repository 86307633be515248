package dev.federated.encryption;

import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import io.temporal.common.converter.CodecDataConverter;
import io.temporal.common.converter.DataConverter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The keys that payloads are encrypted with: the first encrypts, all decrypt. Their text form shows
 * ids only.
 *
 * <p>To rotate, give every process the new key at the end of the list, then put it first
 * everywhere, and drop the old one when no history with it is left. A key may encrypt 2^32
 * payloads.
 */
public final class EncryptionKeys {
  /** The environment variable that lists the keys or names the file that does. */
  public static final String VARIABLE = "FEDERATION_ENCRYPTION_KEYS";

  /** No keys: what is not encrypted is read, and nothing is encrypted. */
  public static final EncryptionKeys NONE = new EncryptionKeys(Map.of());

  /** Bytes of a key, for AES-256. */
  public static final int KEY_BYTES = 32;

  private static final int LARGEST_FILE_BYTES = 64 * 1024;
  private static final String FILE = "file:";
  private static final String MAC = "HmacSHA256";
  private static final String MAC_PREFIX = "federated content address:";

  /** Short, because the id stands beside every payload, also in a summary of 400 bytes. */
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,39}");

  private final Map<String, SecretKey> keys;

  private EncryptionKeys(Map<String, SecretKey> keys) {
    this.keys = keys;
  }

  /**
   * The keys that {@link #VARIABLE} gives: {@code id=base64,id2=base64}, or {@code file:} and the
   * path of a file with the same, also one a line.
   *
   * @param environment environment variables
   * @return {@link #NONE} if it is not set or blank
   * @throws InvalidDocumentException if a key is none; the message never holds what is there
   */
  public static EncryptionKeys load(Map<String, String> environment) {
    String value = environment.get(VARIABLE);
    if (value == null || value.isBlank()) {
      return NONE;
    }
    String text = value.strip();
    if (!text.startsWith(FILE)) {
      return parse(text, VARIABLE);
    }
    String file = text.substring(FILE.length());
    return parse(read(file), file);
  }

  /**
   * Keys from text, as {@link #load} reads them.
   *
   * @param text {@code id=base64}, separated by commas or line breaks
   * @throws InvalidDocumentException if a key is none, or there is no key at all
   */
  public static EncryptionKeys parse(String text) {
    return parse(text, VARIABLE);
  }

  private static EncryptionKeys parse(String text, String source) {
    List<Problem> problems = new ArrayList<>();
    Map<String, SecretKey> keys = new LinkedHashMap<>();
    int number = 0;
    for (String entry : text.split("[,\\r\\n]+", -1)) {
      if (entry.isBlank()) {
        continue;
      }
      number++;
      String wrong = add(entry.strip(), keys);
      if (wrong != null) {
        problems.add(new Problem(source, "key " + number, null, wrong, List.of()));
      }
    }
    if (number == 0) {
      problems.add(new Problem(source, "", null, "there is no key", List.of()));
    }
    if (!problems.isEmpty()) {
      throw new InvalidDocumentException(problems);
    }
    return new EncryptionKeys(keys);
  }

  /**
   * Adds a key, or tells what is wrong without a word of it: what looks like an id may be a key.
   */
  private static @Nullable String add(String entry, Map<String, SecretKey> keys) {
    int equals = entry.indexOf('=');
    String id = equals < 0 ? "" : entry.substring(0, equals);
    if (!ID.matcher(id).matches()) {
      return "is not id=base64, with an id of 1 to 40 letters, digits, '.', '_' and '-'";
    }
    byte[] key;
    try {
      key = Base64.getDecoder().decode(entry.substring(equals + 1));
    } catch (IllegalArgumentException e) {
      return "is not base64 behind the '='";
    }
    if (key.length != KEY_BYTES) {
      return "has %d bytes behind the '=' instead of %d; make one with: openssl rand -base64 32"
          .formatted(key.length, KEY_BYTES);
    }
    return keys.putIfAbsent(id, new SecretKeySpec(key, "AES")) == null
        ? null
        : "has the id '%s' of another key".formatted(id);
  }

  private static String read(String file) {
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      byte[] bytes = in.readNBytes(LARGEST_FILE_BYTES + 1);
      if (bytes.length > LARGEST_FILE_BYTES) {
        throw problem("the file %s is larger than 64 KiB".formatted(file));
      }
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw problem("there is no file %s".formatted(file));
    } catch (IOException | InvalidPathException e) {
      throw problem("the file %s cannot be read".formatted(file));
    }
  }

  private static InvalidDocumentException problem(String message) {
    return new InvalidDocumentException(
        List.of(new Problem(VARIABLE, "", null, message, List.of())));
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return keys.isEmpty();
  }

  /** The ids, that of the key that encrypts first. */
  public Set<String> ids() {
    return Collections.unmodifiableSet(keys.keySet());
  }

  /**
   * A data converter that encrypts what another one writes, messages and stack traces of failures
   * included, and reads what was encrypted with any of the keys or not at all. Without keys it only
   * reads.
   *
   * @param converter without codecs of its own; to one with codecs add {@link EncryptingCodec}
   */
  public DataConverter over(DataConverter converter) {
    return new CodecDataConverter(converter, List.of(new EncryptingCodec(this)), !isEmpty());
  }

  /**
   * A name for content that only those can compute who have the key that encrypts: HMAC-SHA-256.
   *
   * @param digest the SHA-256 of the content
   * @return 32 bytes
   * @throws IllegalStateException if there are no keys
   */
  public byte[] mac(byte[] digest) {
    if (keys.isEmpty()) {
      throw new IllegalStateException("there are no keys to compute a name with");
    }
    try {
      Mac mac = Mac.getInstance(MAC);
      // Its own prefix, so that it is no name for anything else under this key.
      mac.init(new SecretKeySpec(key(ids().iterator().next()).getEncoded(), MAC));
      mac.update(MAC_PREFIX.getBytes(StandardCharsets.UTF_8));
      return mac.doFinal(digest);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", e);
    }
  }

  SecretKey key(String id) {
    SecretKey key = keys.get(id);
    if (key == null) {
      throw new UnknownEncryptionKeyException(id, this);
    }
    return key;
  }

  /** Shows ids only. */
  @Override
  public String toString() {
    return "EncryptionKeys" + ids();
  }
}
