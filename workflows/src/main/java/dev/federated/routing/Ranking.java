package dev.federated.routing;

import dev.federated.model.Candidate;
import dev.federated.model.RegionSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Eligible regions and how they rank: those that go before all others, then by score, unknown
 * scores last, then by priority, then by name; and after all of these, in the same order, those
 * that come back from an outage. Built for a thousand regions in tens of microseconds, hence the
 * sorting of numbers instead of objects.
 */
final class Ranking {
  /** A score that is not known; it compares as the highest. */
  static final double UNKNOWN = Double.NaN;

  private static final byte FIRST = 0;
  private static final byte BY_SCORE = 1;
  private static final byte LAST = 2;

  /** Bits of a key that hold the group. */
  private static final int GROUP_BITS = 2;

  static final Comparator<RegionSnapshot> BY_PRIORITY =
      (a, b) -> {
        int byPriority = Integer.compare(a.priorityOrDefault(), b.priorityOrDefault());
        return byPriority != 0 ? byPriority : a.name().compareTo(b.name());
      };

  private final List<RegionSnapshot> regions;
  private final ExecutionCosts costs;
  private final byte[] groups;
  private final double[] scores;
  private final String[] reasons;
  private int size;

  /** An empty ranking that takes those regions in their order; costs are noted, not ranked by. */
  Ranking(List<RegionSnapshot> regions, ExecutionCosts costs) {
    this.regions = regions;
    this.costs = costs;
    this.groups = new byte[regions.size()];
    this.scores = new double[regions.size()];
    this.reasons = new String[regions.size()];
  }

  /**
   * Ranks the next region.
   *
   * @param goesFirst whether it goes before all others, whatever their score
   * @param score lower is better, or {@link #UNKNOWN}
   */
  void add(boolean goesFirst, double score, String reason) {
    boolean goesLast = Boolean.TRUE.equals(regions.get(size).comingBack());
    groups[size] = goesLast ? LAST : goesFirst ? FIRST : BY_SCORE;
    // Makes a negative zero positive: as a score it is no better.
    scores[size] = score + 0.0;
    reasons[size] = goesLast ? reason + "; after the others, it comes back from an outage" : reason;
    size++;
  }

  void add(double score, String reason) {
    add(false, score, reason);
  }

  void addUnknown(boolean goesFirst, String reason) {
    add(goesFirst, UNKNOWN, reason);
  }

  /** The regions as they were added. */
  List<Candidate> asAdded() {
    List<Candidate> candidates = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      candidates.add(candidate(i));
    }
    return candidates;
  }

  /** The regions by rank, best first. */
  List<Candidate> sorted() {
    int indexBits = Long.SIZE - Long.numberOfLeadingZeros(size);
    long indexMask = (1L << indexBits) - 1;
    long[] keys = new long[size];
    for (int i = 0; i < size; i++) {
      keys[i] = key(i, indexBits);
    }
    Arrays.sort(keys);
    List<Candidate> candidates = new ArrayList<>(size);
    for (int from = 0; from < size; ) {
      int to = from + 1;
      while (to < size && (keys[to] & ~indexMask) == (keys[from] & ~indexMask)) {
        to++;
      }
      addAlike(candidates, keys, from, to, indexMask);
      from = to;
    }
    return candidates;
  }

  /**
   * A number that sorts like group and score, as far as its bits go, and holds the index in the
   * lowest ones: the group comes first, then the score's leading bits.
   */
  private long key(int index, int indexBits) {
    long bits = Double.doubleToLongBits(scores[index]);
    // The bits of doubles sort like the doubles once those of negative ones are turned around.
    long unsigned = bits ^ ((bits >> (Long.SIZE - 1)) | Long.MIN_VALUE);
    long rank = (unsigned >>> (indexBits + GROUP_BITS)) << indexBits;
    long group = (long) groups[index] << (Long.SIZE - GROUP_BITS);
    // Keys are sorted as signed numbers.
    return (group | rank | index) ^ Long.MIN_VALUE;
  }

  /** Adds regions whose keys differ in nothing but the index, by what the keys do not hold. */
  private void addAlike(List<Candidate> candidates, long[] keys, int from, int to, long indexMask) {
    boolean inOrder = true;
    for (int i = from + 1; i < to && inOrder; i++) {
      inOrder = compareAlike((int) (keys[i - 1] & indexMask), (int) (keys[i] & indexMask)) < 0;
    }
    if (inOrder) {
      for (int i = from; i < to; i++) {
        candidates.add(candidate((int) (keys[i] & indexMask)));
      }
      return;
    }
    List<Integer> alike = new ArrayList<>(to - from);
    for (int i = from; i < to; i++) {
      alike.add((int) (keys[i] & indexMask));
    }
    alike.sort(this::compareAlike);
    for (int index : alike) {
      candidates.add(candidate(index));
    }
  }

  private int compareAlike(int a, int b) {
    int byScore = Double.compare(scores[a], scores[b]);
    return byScore != 0 ? byScore : BY_PRIORITY.compare(regions.get(a), regions.get(b));
  }

  private Candidate candidate(int index) {
    @Nullable Double score = Double.isNaN(scores[index]) ? null : scores[index];
    RegionSnapshot region = regions.get(index);
    return new Candidate(region.name(), true, score, reasons[index], costs.of(region));
  }
}
