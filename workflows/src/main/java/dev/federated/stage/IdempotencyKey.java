package dev.federated.stage;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** The key under which a region recognises an execution that it has seen before. */
public final class IdempotencyKey {
  private IdempotencyKey() {}

  /**
   * A SHA-256 over the parts, in hexadecimal. Each part is prefixed by its length, so that no two
   * lists of parts give the same text.
   *
   * @param parts namespace, workflow id, first execution run id, stage id, share, generation
   */
  public static String of(String... parts) {
    StringBuilder text = new StringBuilder();
    for (String part : parts) {
      text.append(part.length()).append(':').append(part);
    }
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256")
              .digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java runtime has SHA-256", e);
    }
  }
}
