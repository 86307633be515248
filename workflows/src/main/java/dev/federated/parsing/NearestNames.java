package dev.federated.parsing;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds the valid names that a misspelt name most likely meant. */
public final class NearestNames {
  private static final int MOST = 3;
  private static final int LONGEST = 200;

  private NearestNames() {}

  /**
   * The valid names within an edit distance of a third of the name's length (at least 2) or that
   * contain it or are contained in it, nearest first, at most three. None for a name of more than
   * 200 characters, which is no misspelling.
   */
  public static List<String> of(String name, Collection<String> valid) {
    if (name.length() > LONGEST) {
      return List.of();
    }
    String wanted = name.toLowerCase(Locale.ROOT);
    int limit = Math.max(2, wanted.length() / 3);
    record Match(String name, int distance) {}
    List<Match> matches = new ArrayList<>();
    for (String candidate : valid) {
      String lower = candidate.toLowerCase(Locale.ROOT);
      int distance = distance(wanted, lower);
      boolean contained =
          wanted.length() >= 3
              && lower.length() >= 3
              && (lower.contains(wanted) || wanted.contains(lower));
      if (distance <= limit || contained) {
        matches.add(new Match(candidate, distance));
      }
    }
    return matches.stream()
        .sorted(Comparator.comparingInt(Match::distance).thenComparing(Match::name))
        .limit(MOST)
        .map(Match::name)
        .toList();
  }

  /** Levenshtein distance. */
  private static int distance(String a, String b) {
    int[] previous = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int[] current = new int[b.length() + 1];
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = previous[j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        current[j] = Math.min(substitution, 1 + Math.min(previous[j], current[j - 1]));
      }
      previous = current;
    }
    return previous[b.length()];
  }
}
