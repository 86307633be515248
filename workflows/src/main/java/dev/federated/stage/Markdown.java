package dev.federated.stage;

import java.util.List;

/** Text for Temporal's UI, which shows it as Markdown and takes only so much of it. */
public final class Markdown {
  /**
   * Bytes of a summary: the server takes 400 of the encoded one (its {@code
   * limit.userMetadataSummarySize}), which leaves room for a codec.
   */
  private static final int SUMMARY_BYTES = 200;

  /** Names that a list spells out. */
  private static final int MOST_NAMES = 20;

  private static final String SPECIAL = "\\|*`[]<>~";

  private Markdown() {}

  /** A line of plain text that the server takes as a summary. */
  public static String summary(String text) {
    String line = line(text);
    return bytes(line) <= SUMMARY_BYTES ? line : cutToBytes(line, SUMMARY_BYTES - 3) + "…";
  }

  /**
   * One line that is shown as it is, also inside a table.
   *
   * @param longest characters that are kept of it
   */
  public static String escaped(String text, int longest) {
    String line = line(text);
    String kept = line.length() <= longest ? line : cut(line, longest) + "…";
    StringBuilder escaped = new StringBuilder();
    for (int i = 0; i < kept.length(); i++) {
      char c = kept.charAt(i);
      if (SPECIAL.indexOf(c) >= 0) {
        escaped.append('\\');
      }
      escaped.append(c);
    }
    return escaped.toString();
  }

  /** The first names of a list, and how many more there are. */
  public static String names(List<String> names) {
    StringBuilder text = new StringBuilder();
    for (String name : names.subList(0, Math.min(names.size(), MOST_NAMES))) {
      text.append(text.isEmpty() ? "" : ", ").append(escaped(name, 100));
    }
    if (names.size() > MOST_NAMES) {
      text.append(" and ").append(names.size() - MOST_NAMES).append(" more");
    }
    return text.toString();
  }

  private static String line(String text) {
    return text.replace('\n', ' ').replace('\r', ' ');
  }

  private static String cutToBytes(String text, int most) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      bytes += bytesOf(text.codePointAt(i));
      if (bytes > most) {
        return text.substring(0, i);
      }
    }
    return text;
  }

  private static int bytes(String text) {
    return text.codePoints().map(Markdown::bytesOf).sum();
  }

  /** Bytes of a character in UTF-8. */
  private static int bytesOf(int codePoint) {
    if (codePoint < 0x80) {
      return 1;
    }
    return codePoint < 0x800 ? 2 : Character.isSupplementaryCodePoint(codePoint) ? 4 : 3;
  }

  /** The first characters, without half of a pair at the end. */
  private static String cut(String text, int longest) {
    boolean inPair = Character.isHighSurrogate(text.charAt(longest - 1));
    return text.substring(0, inPair ? longest - 1 : longest);
  }
}
