package dev.federated.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** One table of the report, in Markdown. */
final class Table {
  private final String title;
  private final List<String> notes = new ArrayList<>();
  private final List<List<String>> rows = new ArrayList<>();

  /** An empty table with that heading and those column names. */
  Table(String title, String... columns) {
    this.title = title;
    rows.add(List.of(columns));
    rows.add(List.of(columns).stream().map(column -> "---").toList());
  }

  /** Adds a line of text between heading and table, such as how it was measured. */
  Table note(String text) {
    notes.add(text);
    return this;
  }

  /** Adds a row with a cell for each column. */
  Table row(String... cells) {
    if (cells.length != rows.get(0).size()) {
      throw new IllegalArgumentException(
          "%s has %d columns, the row %s has %d"
              .formatted(title, rows.get(0).size(), List.of(cells), cells.length));
    }
    rows.add(List.of(cells));
    return this;
  }

  /** The table as Markdown. */
  String markdown() {
    StringBuilder text = new StringBuilder("## ").append(title).append("\n\n");
    notes.forEach(note -> text.append(note).append("\n\n"));
    rows.forEach(row -> text.append("| ").append(String.join(" | ", row)).append(" |\n"));
    return text.toString();
  }
}
