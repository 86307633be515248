package dev.federated.aggregation;

import java.util.ArrayList;
import java.util.List;

/** Collects warnings up to a number that a person still reads and a payload still carries. */
final class Warnings {
  private static final int MOST = 100;

  private final List<String> messages = new ArrayList<>();
  private long more;

  void add(String message) {
    if (messages.size() < MOST) {
      messages.add(message);
    } else {
      more++;
    }
  }

  List<String> messages() {
    List<String> all = new ArrayList<>(messages);
    if (more > 0) {
      all.add("%d more warnings of this kind".formatted(more));
    }
    return all;
  }
}
