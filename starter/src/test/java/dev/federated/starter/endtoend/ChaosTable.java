package dev.federated.starter.endtoend;

import java.util.LinkedHashMap;
import java.util.Map;

/** What the rounds of a fault suite found, one row for each fault and moment. */
final class ChaosTable {
  private static final String HEAD =
      """
      | fault | moment | kills | stages | lost | executed twice | again after success |
      |---|---|---:|---:|---:|---:|---:|
      """;

  private final Map<String, Row> rows = new LinkedHashMap<>();

  /**
   * What one or more rounds found.
   *
   * @param kills processes that were killed
   * @param stages stages that ran meanwhile
   * @param lost results of regions that are missing or wrong at the end
   * @param twice executions beyond the first of an idempotency key
   * @param afterSuccess executions of regions whose success the history held before the fault
   */
  record Row(int kills, int stages, int lost, int twice, int afterSuccess) {
    private Row plus(Row other) {
      return new Row(
          kills + other.kills,
          stages + other.stages,
          lost + other.lost,
          twice + other.twice,
          afterSuccess + other.afterSuccess);
    }

    private String text(String name) {
      return "| %s | %d | %d | %d | %d | %d |\n"
          .formatted(name, kills, stages, lost, twice, afterSuccess);
    }
  }

  void add(String fault, String moment, Row round) {
    rows.merge(fault + " | " + moment, round, Row::plus);
  }

  Row total() {
    return rows.values().stream().reduce(new Row(0, 0, 0, 0, 0), Row::plus);
  }

  /** The table in Markdown. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(HEAD);
    rows.forEach((name, row) -> text.append(row.text(name)));
    return text.append(total().text("**total** | ")).toString();
  }
}
