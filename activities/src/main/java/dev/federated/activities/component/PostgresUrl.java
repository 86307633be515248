package dev.federated.activities.component;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where a PostgreSQL database is.
 *
 * @param jdbc the JDBC url
 * @param user the user that stands in it, or null
 * @param password the password that stands in it, or null
 */
record PostgresUrl(String jdbc, @Nullable String user, @Nullable String password) {
  private static final String JDBC = "jdbc:postgresql:";
  private static final List<String> URIS = List.of("postgresql://", "postgres://");

  /** What a url in the clear may set; the driver has others that load classes or read files. */
  private static final Set<String> PARAMETERS =
      Set.of(
          "applicationname",
          "connecttimeout",
          "currentschema",
          "logintimeout",
          "sockettimeout",
          "ssl",
          "sslmode",
          "targetservertype",
          "tcpkeepalive",
          "user");

  /** Reads a JDBC url, or a URI as libpq takes it; null if it is neither. */
  static @Nullable PostgresUrl parse(String text) {
    if (text.startsWith(JDBC)) {
      return new PostgresUrl(text, null, null);
    }
    if (URIS.stream().noneMatch(text::startsWith)) {
      return null;
    }
    try {
      URI uri = new URI(text);
      if (uri.getHost() == null) {
        return null;
      }
      String userInfo = uri.getRawUserInfo() == null ? "" : uri.getRawUserInfo();
      int colon = userInfo.indexOf(':');
      String user = colon < 0 ? userInfo : userInfo.substring(0, colon);
      String password = colon < 0 ? null : decoded(userInfo.substring(colon + 1));
      String jdbc =
          "%s//%s%s%s%s"
              .formatted(
                  JDBC,
                  uri.getHost(),
                  uri.getPort() < 0 ? "" : ":" + uri.getPort(),
                  uri.getRawPath().isEmpty() ? "/" : uri.getRawPath(),
                  uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery());
      return new PostgresUrl(jdbc, user.isEmpty() ? null : decoded(user), password);
    } catch (URISyntaxException e) {
      return null;
    }
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
  }

  /** What is wrong with a url that stands in a pipeline in the clear, or null. */
  static @Nullable String problem(String text) {
    PostgresUrl url = parse(text);
    if (url == null) {
      return "url: has to begin with jdbc:postgresql:";
    }
    int query = url.jdbc().indexOf('?');
    String base = query < 0 ? url.jdbc() : url.jdbc().substring(0, query);
    if (url.password() != null || base.contains("@")) {
      return "url: a password in it is refused; use the key password, or a secret as url";
    }
    if (query < 0) {
      return null;
    }
    for (String parameter : url.jdbc().substring(query + 1).split("&", -1)) {
      String name = decoded(parameter.split("=", 2)[0]).toLowerCase(Locale.ROOT);
      if (name.contains("password")) {
        return "url: a password in it is refused; use the key password, or a secret as url";
      }
      if (!PARAMETERS.contains(name)) {
        return "url: the parameter '%s' is refused in a pipeline; a secret as url may have it"
            .formatted(name);
      }
    }
    return null;
  }

  /** Shows nothing of it. */
  @Override
  public String toString() {
    return "PostgresUrl[***]";
  }
}
