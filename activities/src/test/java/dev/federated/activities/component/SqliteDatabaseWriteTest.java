package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SqliteDatabaseWriteTest extends DatabaseWriteContract {
  @Override
  String jdbcUrl() {
    return "jdbc:sqlite:" + file();
  }

  @Override
  @Nullable String secretUrl() {
    return null;
  }

  @Override
  void reset() throws Exception {
    // Each test has a directory of its own; the tests that write into the file first need it.
    Files.createDirectories(file().resolveSibling("."));
  }

  @Test
  void theFileKeepsAWriteAheadLog() throws Exception {
    write("k", "{'table': 't'}", "{'a': 1}");
    assertThat(query("PRAGMA journal_mode")).containsExactly("wal");
  }

  @Test
  void columnsAreInferred() throws Exception {
    write(
        "k",
        "{'table': 't'}",
        "[{'i': 1, 'd': 1, 'b': true, 's': 'x', 'j': [1], 'n': null}, {'i': 2, 'd': 1.5, 'b':"
            + " null}]");
    assertThat(query("SELECT name || ' ' || type FROM pragma_table_info('t') ORDER BY cid"))
        .containsExactly("i INTEGER", "d REAL", "b BOOLEAN", "s TEXT", "j TEXT", "n TEXT");
    assertThat(query("SELECT j FROM t WHERE b = 1")).containsExactly("[1]");
  }
}
