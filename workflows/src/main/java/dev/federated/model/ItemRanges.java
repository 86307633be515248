package dev.federated.model;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Positions in an array, ascending, as {@code "0-33,40"}: which items of a partitioned array a
 * share has. The empty text is none.
 *
 * @param ranges the first and the last position of each run
 */
public record ItemRanges(List<Range> ranges) {
  /** No item. */
  public static final ItemRanges NONE = new ItemRanges(List.of());

  private static final Pattern TEXT = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9}))?");

  /**
   * Positions in a row.
   *
   * @param first the first one, counted from 0
   * @param last the last one, which belongs to them
   */
  public record Range(int first, int last) {
    public Range {
      if (first < 0 || last < first) {
        throw new IllegalArgumentException("%d-%d is no range of items".formatted(first, last));
      }
    }
  }

  public ItemRanges {
    ranges = List.copyOf(ranges);
    for (int i = 1; i < ranges.size(); i++) {
      if (ranges.get(i).first() <= ranges.get(i - 1).last()) {
        throw new IllegalArgumentException("ranges of items have to ascend");
      }
    }
  }

  /** So many positions in a row; none gives {@link #NONE}. */
  public static ItemRanges of(int first, int count) {
    return count == 0 ? NONE : new ItemRanges(List.of(new Range(first, first + count - 1)));
  }

  /** The positions of that list, which ascends. */
  public static ItemRanges of(List<Integer> positions) {
    List<Range> ranges = new ArrayList<>();
    int from = 0;
    for (int i = 1; i <= positions.size(); i++) {
      if (i == positions.size() || positions.get(i) != positions.get(i - 1) + 1) {
        ranges.add(new Range(positions.get(from), positions.get(i - 1)));
        from = i;
      }
    }
    return new ItemRanges(ranges);
  }

  /**
   * Reads the text.
   *
   * @throws IllegalArgumentException if it is none of {@link #toString}
   */
  @JsonCreator
  public static ItemRanges parse(String text) {
    List<Range> ranges = new ArrayList<>();
    for (String part : text.isEmpty() ? new String[0] : text.split(",", -1)) {
      Matcher matcher = TEXT.matcher(part);
      if (!matcher.matches()) {
        throw new IllegalArgumentException(
            "'%s' is not ranges of items such as 0-33,40".formatted(text));
      }
      int first = Integer.parseInt(matcher.group(1));
      ranges.add(
          new Range(first, matcher.group(2) == null ? first : Integer.parseInt(matcher.group(2))));
    }
    return new ItemRanges(ranges);
  }

  /** Whether there is no item. */
  public boolean isEmpty() {
    return ranges.isEmpty();
  }

  /** How many items. */
  public int count() {
    return ranges.stream().mapToInt(range -> range.last() - range.first() + 1).sum();
  }

  /**
   * Those items of the array, in its order.
   *
   * @throws IllegalArgumentException if the array is shorter
   */
  public ArrayNode pick(JsonNode array) {
    ArrayNode items = JsonNodeFactory.instance.arrayNode(count());
    for (Range range : ranges) {
      if (range.last() >= array.size()) {
        throw new IllegalArgumentException(
            "items %s of an array of %d".formatted(this, array.size()));
      }
      for (int i = range.first(); i <= range.last(); i++) {
        items.add(array.get(i));
      }
    }
    return items;
  }

  @Override
  @JsonValue
  public String toString() {
    StringBuilder text = new StringBuilder();
    for (Range range : ranges) {
      text.append(text.isEmpty() ? "" : ",").append(range.first());
      if (range.last() > range.first()) {
        text.append('-').append(range.last());
      }
    }
    return text.toString();
  }
}
