package dev.federated.starter.fuzz;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Changes of an input, the same for the same random numbers. Half of them change bytes wherever
 * they are, half what looks like a value, a key or a header, so that the result is still
 * well-formed.
 */
final class Mutation {
  private static final int LARGEST = 65_536;
  private static final int DEEPEST = 3_000;

  /** What looks like a JSON string, a number, a word or a bracketed group without others in it. */
  private static final Pattern VALUE =
      Pattern.compile(
          "\"(?:[^\"\\\\]|\\\\.){0,80}\"|-?[0-9]+(?:\\.[0-9]+)?|\\b(?:true|false|null)\\b"
              + "|\\{[^{}]{0,200}}|\\[[^\\[\\]]{0,200}]");

  private static final Pattern HEADER = Pattern.compile("(?m)(?<=^[A-Za-z-]{2,40}: )[^\\r\\n]*");

  private static final List<String> VALUES =
      List.of(
          "0",
          "-0",
          "-1",
          "1e999999999",
          "-1e999999999",
          "1e-999999999",
          "9".repeat(1_200),
          "-" + "9".repeat(999),
          "0." + "1".repeat(1_500),
          "9223372036854775807",
          "9223372036854775808",
          "-9223372036854775808",
          "2147483648",
          "1e308",
          "1.7976931348623159e308",
          "4.9e-324",
          "NaN",
          "null",
          "true",
          "{}",
          "[]",
          "[[]]",
          "[null]",
          "{\"\": null}",
          "{\"a\": {\"a\": {\"a\": 1}}}",
          "\"\"",
          "\" \"",
          "\"-1\"",
          "\"1e999999999\"",
          "\"\\u0000\"",
          "\"\\ud800\"",
          "\"\u202egnp.exe\"",
          "\"Å\u0301 \uD83C\uDF0D\"",
          "\"{{input}}\"",
          "\"{{stages.a.output[999999999]}}\"",
          "\"{{input.a | default: {{input}}}}\"",
          "\"${PATH}\"",
          "\"*\"",
          "\"a.b[0].c\"",
          "\"" + "x".repeat(5_000) + "\"",
          "{\"secret\": \"token\"}",
          "{\"$ref\": \"#\"}",
          "{\"pattern\": \"(a+)+$\"}",
          "{\"type\": \"object\", \"properties\": {\"a\": {\"$ref\": \"#/$defs/a\"}}}");

  private static final List<String> HEADERS =
      List.of(
          "-1",
          "-9223372036854775808",
          "99999999999999999999999",
          "0",
          "1",
          "+5",
          "5, 5",
          "5, 6",
          "",
          "chunked",
          "gzip",
          "br",
          "9".repeat(1_200),
          "1e999999999",
          "-1e9",
          "Fri, 31 Dec 9999 23:59:59 GMT",
          "Fri, 31 Dec 999999999 23:59:59 GMT",
          "Thu, 01 Jan 1970 00:00:00 GMT",
          "text/html; charset=\"",
          "application/json; charset=UTF-32",
          "\u0000",
          "é".repeat(50),
          "x".repeat(9_000),
          "http://127.0.0.1:1/");

  private Mutation() {}

  /** One to four changes of one of the seeds. */
  static byte[] of(List<byte[]> seeds, Random random) {
    byte[] input = seeds.get(random.nextInt(seeds.size()));
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      input = random.nextBoolean() ? bytes(input, random) : values(input, random);
      if (input.length > LARGEST) {
        input = Arrays.copyOf(input, LARGEST);
      }
    }
    return input;
  }

  private static byte[] bytes(byte[] input, Random random) {
    if (input.length == 0) {
      return new byte[] {(byte) random.nextInt(256)};
    }
    int at = random.nextInt(input.length);
    int end = Math.min(input.length, at + 1 + random.nextInt(40));
    byte[] slice = Arrays.copyOfRange(input, at, end);
    return switch (random.nextInt(6)) {
      case 0 -> {
        byte[] flipped = input.clone();
        flipped[at] ^= (byte) (1 << random.nextInt(8));
        yield flipped;
      }
      case 1 -> {
        byte[] other = input.clone();
        other[at] = (byte) random.nextInt(256);
        yield other;
      }
      case 2 -> joined(input, at, new byte[0], end);
      case 3 -> joined(input, at, slice, at);
      case 4 -> joined(input, random.nextInt(input.length), slice, -1);
      default -> Arrays.copyOf(input, at);
    };
  }

  private static byte[] values(byte[] input, Random random) {
    // One character for each byte: what is no UTF-8 stays as it is.
    String text = new String(input, ISO_8859_1);
    boolean http = text.startsWith("HTTP/");
    Pattern pattern = http && random.nextBoolean() ? HEADER : VALUE;
    List<MatchResult> found = pattern.matcher(text).results().limit(2_000).toList();
    if (found.isEmpty()) {
      return bytes(input, random);
    }
    MatchResult one = found.get(random.nextInt(found.size()));
    MatchResult other = found.get(random.nextInt(found.size()));
    String put =
        pattern == HEADER
            ? HEADERS.get(random.nextInt(HEADERS.size()))
            : switch (random.nextInt(8)) {
              case 0 -> nested(one.group(), random);
              case 1 -> "[" + one.group() + "]";
              case 2, 3 -> other.group();
              default -> ascii(VALUES.get(random.nextInt(VALUES.size())));
            };
    return (text.substring(0, one.start()) + put + text.substring(one.end())).getBytes(ISO_8859_1);
  }

  private static String nested(String value, Random random) {
    int depth = 1 + random.nextInt(random.nextInt(10) == 0 ? DEEPEST : 30);
    return random.nextBoolean()
        ? "[".repeat(depth) + value + "]".repeat(depth)
        : "{\"a\":".repeat(depth) + value + "}".repeat(depth);
  }

  private static String ascii(String utf8) {
    return new String(utf8.getBytes(UTF_8), ISO_8859_1);
  }

  /** Up to {@code at}, the slice, and from {@code from} on; -1 means from {@code at}. */
  private static byte[] joined(byte[] input, int at, byte[] slice, int from) {
    int rest = from < 0 ? at : from;
    byte[] result = new byte[at + slice.length + input.length - rest];
    System.arraycopy(input, 0, result, 0, at);
    System.arraycopy(slice, 0, result, at, slice.length);
    System.arraycopy(input, rest, result, at + slice.length, input.length - rest);
    return result;
  }
}
