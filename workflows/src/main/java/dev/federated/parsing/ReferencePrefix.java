package dev.federated.parsing;

import java.net.URI;
import java.util.List;

/** What {@code references.allow} lists: the address of a directory, which begins a reference. */
final class ReferencePrefix {
  private static final List<String> SCHEMES = List.of("https", "http", "file");

  private ReferencePrefix() {}

  /**
   * Whether it is one, such as {@code https://data.example.com/orders/} or {@code file:/srv/data/}:
   * it ends with a slash, so that {@code /data} does not allow {@code /database}, and has neither
   * credentials nor a query.
   */
  static boolean isValid(String text) {
    URI uri;
    try {
      uri = URI.create(text);
    } catch (IllegalArgumentException e) {
      return false;
    }
    String path = uri.getRawPath();
    return uri.getScheme() != null
        && SCHEMES.contains(uri.getScheme())
        && (uri.getHost() == null) == uri.getScheme().equals("file")
        && uri.getRawUserInfo() == null
        && uri.getRawQuery() == null
        && uri.getRawFragment() == null
        && path != null
        && path.startsWith("/")
        && path.endsWith("/")
        && path.equals(uri.normalize().getRawPath());
  }
}
