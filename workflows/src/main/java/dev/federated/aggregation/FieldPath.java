package dev.federated.aggregation;

import org.jspecify.annotations.Nullable;

/**
 * The place of a field in an output. Becomes text only when somebody reads it, because most places
 * of a large document are never shown.
 */
record FieldPath(@Nullable FieldPath parent, String name) {
  private static final int LONGEST = 200;

  static FieldPath of(@Nullable FieldPath parent, String name) {
    return new FieldPath(parent, name);
  }

  /** Such as {@code totals.count}; a name with a dot in it stands in brackets. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    append(text);
    return text.length() <= LONGEST ? text.toString() : text.substring(0, LONGEST) + "…";
  }

  private void append(StringBuilder text) {
    if (parent != null) {
      parent.append(text);
    }
    if (text.length() > LONGEST) {
      return;
    }
    if (name.isEmpty() || name.indexOf('.') >= 0) {
      text.append("[\"").append(name).append("\"]");
    } else {
      text.append(text.isEmpty() ? "" : ".").append(name);
    }
  }
}
