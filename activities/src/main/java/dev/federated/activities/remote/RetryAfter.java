package dev.federated.activities.remote;

import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The header Retry-After, see RFC 9110 section 10.2.3. */
final class RetryAfter {
  /** The longest pause that is waited for in place; a region that asks for more is left. */
  static final Duration LONGEST = Duration.ofSeconds(60);

  private static final Duration FOREVER = Duration.ofDays(36_500);
  private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}");
  private static final Pattern DIGITS = Pattern.compile("[0-9]+");
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
          .withZone(java.time.ZoneOffset.UTC);

  private RetryAfter() {}

  /**
   * The pause that the header asks for; null if it is absent or malformed.
   *
   * @param header seconds, or a date
   * @param dateHeader the answer's own Date, so that a region's wrong clock does no harm
   * @param now what is taken for the Date of an answer that has none
   */
  static @Nullable Duration parse(
      @Nullable String header, @Nullable String dateHeader, Instant now) {
    if (header == null) {
      return null;
    }
    String value = header.strip();
    if (SECONDS.matcher(value).matches()) {
      return Duration.ofSeconds(Long.parseLong(value));
    }
    if (DIGITS.matcher(value).matches()) {
      return FOREVER;
    }
    Instant until = date(value);
    if (until == null) {
      return null;
    }
    Instant sent = dateHeader == null ? null : date(dateHeader.strip());
    Duration pause = Duration.between(sent == null ? now : sent, until);
    return pause.isNegative() ? Duration.ZERO : pause;
  }

  private static @Nullable Instant date(String value) {
    try {
      return ZonedDateTime.parse(value, HTTP_DATE).toInstant();
    } catch (DateTimeParseException e) {
      return null;
    }
  }
}
