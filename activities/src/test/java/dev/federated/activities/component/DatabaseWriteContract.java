package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.federated.pipeline.ComponentRequest;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What database_write promises, whatever the database. */
abstract class DatabaseWriteContract {
  @TempDir private @Nullable Path directory;
  private final List<AutoCloseable> closeables = new ArrayList<>();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private @Nullable ComponentExecutor shared;

  /** JDBC url of the database. */
  abstract String jdbcUrl();

  /** The secret that is the pipeline's url, or null for the embedded file. */
  abstract @Nullable String secretUrl();

  final Path file() {
    return (directory == null ? Path.of(".") : directory).resolve("sub").resolve("data.db");
  }

  final ComponentExecutor executor() {
    return shared == null ? executor(new DatabaseWriteComponent.Steps() {}) : shared;
  }

  @BeforeEach
  void start() throws Exception {
    reset();
    shared = executor(new DatabaseWriteComponent.Steps() {});
  }

  /** Empties the database. */
  abstract void reset() throws Exception;

  @AfterEach
  void close() throws Exception {
    threads.shutdownNow();
    for (AutoCloseable closeable : closeables) {
      closeable.close();
    }
  }

  /** An executor of another process, with something that happens around the commit. */
  final ComponentExecutor executor(DatabaseWriteComponent.Steps steps) {
    String url = secretUrl();
    DatabaseWriteComponent component = new DatabaseWriteComponent(file(), Clock.systemUTC(), steps);
    ComponentExecutor executor =
        ComponentExecutor.builder()
            .databaseWrite(component)
            .secrets(
                new ResolvedSecrets(
                    url == null
                        ? Map.of()
                        : Map.of("db", new ResolvedSecrets.Secret(url, Set.of("database_write")))))
            .build();
    closeables.add(executor);
    return executor;
  }

  final JsonNode write(ComponentExecutor executor, String key, String config, String rows)
      throws ComponentException {
    ObjectNode settings = (ObjectNode) Json.of(config);
    if (secretUrl() != null) {
      settings.putObject("url").put("secret", "db");
    }
    return executor
        .execute(new ComponentRequest("stage-1", "database_write", settings, Json.of(rows), key))
        .output();
  }

  final JsonNode write(String key, String config, String rows) throws ComponentException {
    return write(executor(), key, config, rows);
  }

  final ComponentException failure(String config, String rows) {
    return catchThrowableOfType(ComponentException.class, () -> write("k", config, rows));
  }

  /** The first column of every row. */
  final List<@Nullable String> query(String sql) throws SQLException {
    List<@Nullable String> values = new ArrayList<>();
    try (Connection connection = DriverManager.getConnection(jdbcUrl());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(sql)) {
      while (rows.next()) {
        values.add(rows.getString(1));
      }
    }
    return values;
  }

  final void execute(String sql) throws SQLException {
    try (Connection connection = DriverManager.getConnection(jdbcUrl());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  @Test
  void aCrashBeforeTheCommitWritesNothingAndTheRepeatWritesOnce() throws Exception {
    ComponentExecutor crashing =
        executor(
            new DatabaseWriteComponent.Steps() {
              @Override
              public void beforeCommit() {
                throw new IllegalStateException("the process dies here");
              }
            });
    assertThatThrownBy(() -> write(crashing, "k", "{'table': 't'}", "{'a': 1}"))
        .isInstanceOf(ComponentException.class);
    assertThat(query("SELECT a FROM t")).isEmpty();
    assertThat(write("k", "{'table': 't'}", "{'a': 1}").path("repeated").asBoolean()).isFalse();
    assertThat(query("SELECT a FROM t")).containsExactly("1");
  }

  @Test
  void aCrashAfterTheCommitIsNotWrittenAgain() throws Exception {
    ComponentExecutor crashing =
        executor(
            new DatabaseWriteComponent.Steps() {
              @Override
              public void afterCommit() {
                throw new IllegalStateException("the process dies here");
              }
            });
    assertThatThrownBy(() -> write(crashing, "k", "{'table': 't'}", "[{'a': 1}, {'a': 2}]"))
        .isInstanceOf(ComponentException.class);
    assertThat(write("k", "{'table': 't'}", "[{'a': 1}, {'a': 2}]"))
        .hasToString("{\"table\":\"t\",\"rows_written\":2,\"repeated\":true}");
    assertThat(query("SELECT a FROM t ORDER BY a")).containsExactly("1", "2");
  }

  @Test
  void ofTwoWritersWithOneKeyTheSecondWaitsAndGetsTheRecord() throws Exception {
    write("setup", "{'table': 't'}", "{'a': 0}");
    CountDownLatch written = new CountDownLatch(1);
    CountDownLatch commit = new CountDownLatch(1);
    ComponentExecutor slow =
        executor(
            new DatabaseWriteComponent.Steps() {
              @Override
              public void beforeCommit() {
                written.countDown();
                try {
                  commit.await();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              }
            });
    Future<JsonNode> first = threads.submit(() -> write(slow, "k", "{'table': 't'}", "{'a': 1}"));
    assertThat(written.await(10, TimeUnit.SECONDS)).isTrue();
    Future<JsonNode> second = threads.submit(() -> write("k", "{'table': 't'}", "{'a': 1}"));
    assertThatThrownBy(() -> second.get(200, TimeUnit.MILLISECONDS))
        .isInstanceOf(TimeoutException.class);
    commit.countDown();
    assertThat(first.get().path("repeated").asBoolean()).isFalse();
    assertThat(second.get().path("repeated").asBoolean()).isTrue();
    assertThat(query("SELECT a FROM t ORDER BY a")).containsExactly("0", "1");
  }

  @Test
  void manyWritersOfManyProcessesCreateTheTableTogetherAndWriteEachKeyOnce() throws Exception {
    int writers = 12;
    CyclicBarrier together = new CyclicBarrier(writers);
    List<Future<JsonNode>> results = new ArrayList<>();
    List<ComponentExecutor> processes =
        List.of(executor(), executor(new DatabaseWriteComponent.Steps() {}));
    for (int i = 0; i < writers; i++) {
      String key = "k" + i % 4;
      ComponentExecutor process = processes.get(i % 2);
      results.add(
          threads.submit(
              () -> {
                together.await();
                return write(process, key, "{'table': 't'}", "{'k': '%s'}".formatted(key));
              }));
    }
    int repeated = 0;
    for (Future<JsonNode> result : results) {
      repeated += result.get().path("repeated").asBoolean() ? 1 : 0;
    }
    assertThat(repeated).isEqualTo(writers - 4);
    assertThat(query("SELECT k FROM t ORDER BY k")).containsExactly("k0", "k1", "k2", "k3");
  }

  @Test
  void aConstraintViolationIsFinalAndWritesNothing() throws Exception {
    execute("CREATE TABLE t (a INTEGER PRIMARY KEY)");
    ComponentException e = failure("{'table': 't'}", "[{'a': 1}, {'a': 1}]");
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("table t: ");
    assertThat(query("SELECT a FROM t")).isEmpty();
    assertThat(query("SELECT idempotency_key FROM federation_writes")).isEmpty();
  }

  @Test
  void aTableThatIsNotThereIsFinalIfItMayNotBeCreated() {
    ComponentException e = failure("{'table': 'nowhere', 'create_table': false}", "{'a': 1}");
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("nowhere");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "t; DROP TABLE x",
        "a b",
        "",
        "federation_writes",
        "Federation_Writes",
        "x.y.z",
        "t'--"
      })
  void aTableNameThatIsNoneIsFinal(String table) {
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () ->
                executor()
                    .execute(
                        new ComponentRequest(
                            "stage-1",
                            "database_write",
                            ((ObjectNode) Json.of("{}")).put("table", table),
                            Json.of("{'a': 1}"),
                            "k")));
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("table");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|1|rows",
        "{}|null|rows",
        "{}|[{'a': 1}, 2]|item 1",
        "{}|{}|no keys",
        "{}|{'a b': 1}|'a b'",
        "{'columns': ['a', 'x;y']}|{'a': 1}|'x;y'",
        "{'mode': 'upsert'}|{'a': 1}|key_columns",
        "{'mode': 'upsert', 'key_columns': ['z']}|{'a': 1}|key_columns",
        "{'mode': 'replace'}|{'a': 1}|mode",
        "{'password': 'clear'}|{'a': 1}|password",
        "{'key_column': ['a']}|{'a': 1}|did you mean key_columns"
      })
  void whatCannotBeWrittenIsFinalAndNamesTheKey(String config, String rows, String named) {
    ComponentException e = failure(config, rows);
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining(named);
  }

  @Test
  void valuesAreNeverPartOfTheStatement() throws Exception {
    String evil = "x\"); DROP TABLE t; --";
    ComponentRequest request =
        new ComponentRequest(
            "stage-1",
            "database_write",
            secretUrl() == null
                ? Json.of("{'table': 't'}")
                : Json.of("{'table': 't', 'url': {'secret': 'db'}}"),
            Json.strict("{\"a\": %s}".formatted(TextNode.valueOf(evil))),
            "k");
    executor().execute(request);
    assertThat(query("SELECT a FROM t")).containsExactly(evil);
  }

  @Test
  void upsertReplacesTheRowWithTheSameKey() throws Exception {
    String config = "{'table': 't', 'mode': 'upsert', 'key_columns': ['id']}";
    write("k1", config, "[{'id': 1, 'v': 'a'}, {'id': 2, 'v': 'b'}]");
    write("k2", config, "{'id': 1, 'v': 'c'}");
    assertThat(query("SELECT v FROM t ORDER BY id")).containsExactly("c", "b");
  }

  @Test
  void upsertOfKeysAloneKeepsTheRow() throws Exception {
    String config = "{'table': 't', 'mode': 'upsert', 'key_columns': ['id']}";
    write("k1", config, "{'id': 1}");
    write("k2", config, "{'id': 1}");
    assertThat(query("SELECT id FROM t")).containsExactly("1");
  }

  @Test
  void onlyTheNamedColumnsAreWritten() throws Exception {
    write("k", "{'table': 't', 'columns': ['b', 'c']}", "{'a': 1, 'b': 2}");
    assertThat(query("SELECT b FROM t WHERE c IS NULL")).containsExactly("2");
    assertThatThrownBy(() -> query("SELECT \"a\" FROM t WHERE t.a = 1"))
        .isInstanceOf(SQLException.class);
  }

  @Test
  void theTableIsNamedAfterTheStageUnlessNamed() throws Exception {
    assertThat(write("k", "{}", "{'a': 1}").path("table").asText()).isEqualTo("stage_1");
    assertThat(query("SELECT a FROM stage_1")).containsExactly("1");
  }

  @Test
  void theResultOfAJsonTransformIsTakenAsItIs() throws Exception {
    write("k", "{'table': 't'}", "{'result': {'a': 1}}");
    assertThat(query("SELECT result FROM t")).hasSize(1).first().asString().contains("\"a\"");
  }

  @Test
  void noRowsAreWrittenAsNone() throws Exception {
    assertThat(write("k", "{'table': 't'}", "[]").path("rows_written").asInt()).isZero();
    assertThat(write("k", "{'table': 't'}", "[]").path("repeated").asBoolean()).isTrue();
  }

  @Test
  void moreRowsThanOneBatchAreWritten() throws Exception {
    StringBuilder rows = new StringBuilder("[");
    for (int i = 0; i < 1201; i++) {
      rows.append(i == 0 ? "" : ",").append("{'i': ").append(i).append('}');
    }
    assertThat(write("k", "{'table': 't'}", rows + "]").path("rows_written").asInt())
        .isEqualTo(1201);
    assertThat(query("SELECT count(*) FROM t")).containsExactly("1201");
  }

  @Test
  void rowsTakeThePlaceOfTheInputsAndHoldNoSecrets() throws Exception {
    write("k", "{'table': 't', 'rows': {'secret': 'db'}}", "{'a': 1}");
    assertThat(query("SELECT secret FROM t")).containsExactly("db");
  }
}
