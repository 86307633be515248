package dev.federated.starter.cli;

import java.io.PrintWriter;
import java.util.List;

/** Prints rows in columns. */
final class TextTable {
  private TextTable() {}

  /** Prints rows of equal length, the first as the head. */
  static void print(PrintWriter out, List<List<String>> rows, String indent) {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int i = 0; i < columns; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder(indent);
      for (int i = 0; i < columns; i++) {
        line.append(row.get(i));
        if (i + 1 < columns) {
          line.append(" ".repeat(widths[i] - row.get(i).length() + 2));
        }
      }
      out.println(line.toString().stripTrailing());
    }
  }
}
