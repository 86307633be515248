package dev.federated.claimcheck;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Finds what is large in JSON, by its bytes. An object, an array or a string is large if it has
 * more bytes than the threshold beside the large values inside it; arrays are never looked into. So
 * one value is found alike in every envelope, such as the inputs of a stage in the request of each
 * of its regions, and is stored once.
 */
final class LargeParts {
  /** The bytes from {@code start} to before {@code end}. */
  record Part(int start, int end) {
    int length() {
      return end - start;
    }
  }

  /** An object or array that is not closed yet. */
  private record Open(int start, boolean array, int partsBefore) {}

  private LargeParts() {}

  /**
   * The large parts in the order of the bytes; none overlaps another.
   *
   * @param json JSON as a converter wrote it. Anything else gives parts too, just no useful ones.
   * @param threshold bytes that what remains may have
   */
  static List<Part> of(byte[] json, int threshold) {
    List<Part> parts = new ArrayList<>();
    Deque<Open> open = new ArrayDeque<>();
    int arrays = 0;
    int i = 0;
    while (i < json.length) {
      switch (json[i]) {
        case '"' -> {
          int start = i;
          i = endOfString(json, i);
          if (arrays == 0 && i + 1 - start > threshold) {
            parts.add(new Part(start, Math.min(json.length, i + 1)));
          }
        }
        case '{', '[' -> {
          boolean array = json[i] == '[';
          open.push(new Open(i, array, parts.size()));
          arrays += array ? 1 : 0;
        }
        case '}', ']' -> {
          Open closed = open.poll();
          if (closed != null) {
            arrays -= closed.array() ? 1 : 0;
            if (arrays == 0) {
              replaceIfLarge(parts, closed.partsBefore(), closed.start(), i + 1, threshold);
            }
          }
        }
        default -> {}
      }
      i++;
    }
    replaceIfLarge(parts, 0, 0, json.length, threshold);
    return parts;
  }

  /** One part instead of those from that index on, if too much is left beside them. */
  private static void replaceIfLarge(
      List<Part> parts, int from, int start, int end, int threshold) {
    List<Part> inside = parts.subList(from, parts.size());
    long left = end - start - inside.stream().mapToLong(Part::length).sum();
    if (left > threshold) {
      inside.clear();
      parts.add(new Part(start, end));
    }
  }

  /** The index of the closing quote, or the last index. */
  private static int endOfString(byte[] json, int start) {
    for (int i = start + 1; i < json.length; i++) {
      if (json[i] == '\\') {
        i++;
      } else if (json[i] == '"') {
        return i;
      }
    }
    return json.length - 1;
  }
}
