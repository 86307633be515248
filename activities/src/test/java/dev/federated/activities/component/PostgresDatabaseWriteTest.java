package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.sql.SQLException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PostgresDatabaseWriteTest extends DatabaseWriteContract {
  private static @Nullable TestingPostgres postgres;

  @BeforeAll
  static void startPostgres() throws Exception {
    postgres = TestingPostgres.start();
  }

  @AfterAll
  static void stopPostgres() throws Exception {
    if (postgres != null) {
      postgres.close();
    }
  }

  @Override
  String jdbcUrl() {
    return postgres == null ? "" : postgres.url();
  }

  @Override
  String secretUrl() {
    return jdbcUrl();
  }

  @Override
  void reset() throws Exception {
    execute("DROP SCHEMA public CASCADE");
    execute("CREATE SCHEMA public");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://db.example.com/x?password=hunter2",
        "jdbc:postgresql://db.example.com/x?user=u&sslpassword=hunter2",
        "jdbc:postgresql://u:hunter2@db.example.com/x",
        "postgres://u:hunter2@db.example.com/x"
      })
  void aUrlWithAPasswordInTheClearIsRefusedAndNotRepeated(String url) {
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () ->
                executor()
                    .execute(
                        Json.request(
                            "database_write", "{'url': '%s'}".formatted(url), "{'a': 1}")));
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("password");
    assertThat(e.getMessage()).doesNotContain("hunter2");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:sqlite:/tmp/other.db",
        "jdbc:h2:mem:x",
        "http://db/",
        "jdbc:postgresql://db/x?socketFactory=evil.Factory",
        "jdbc:postgresql://db/x?sslmode=require&sslfactory=evil.Factory"
      })
  void aUrlThatReachesElsewhereIsRefused(String url) {
    ComponentException e =
        catchThrowableOfType(
            ComponentException.class,
            () ->
                executor()
                    .execute(
                        Json.request(
                            "database_write", "{'url': '%s'}".formatted(url), "{'a': 1}")));
    assertThat(e.retryable()).isFalse();
    assertThat(e).hasMessageContaining("url: ");
  }

  @Test
  void aDatabaseThatIsNotThereIsFinal() {
    String missing = jdbcUrl().replace("/postgres?", "/nowhere?");
    try (ComponentExecutor executor = withUrl(missing)) {
      ComponentException e =
          catchThrowableOfType(
              ComponentException.class, () -> write(executor, "k", "{}", "{'a': 1}"));
      assertThat(e).hasMessageContaining("nowhere");
      assertThat(e.retryable()).isFalse();
    }
  }

  @Test
  void aServerThatIsNotThereIsRetryable() {
    try (ComponentExecutor executor = withUrl("jdbc:postgresql://127.0.0.1:1/x")) {
      ComponentException e =
          catchThrowableOfType(
              ComponentException.class, () -> write(executor, "k", "{}", "{'a': 1}"));
      assertThat(e.retryable()).isTrue();
    }
  }

  private static ComponentExecutor withUrl(String url) {
    return ComponentExecutor.builder()
        .secrets(
            new ResolvedSecrets(
                Map.of("db", new ResolvedSecrets.Secret(url, Set.of("database_write")))))
        .build();
  }

  @Test
  void aUriAsLibpqTakesItIsUnderstood() {
    PostgresUrl url = PostgresUrl.parse("postgresql://us%40er:p%2Bw+x@db:5433/x?sslmode=require");
    assertThat(url)
        .isEqualTo(
            new PostgresUrl("jdbc:postgresql://db:5433/x?sslmode=require", "us@er", "p+w+x"));
    assertThat(url).asString().doesNotContain("p+w");
  }

  @Test
  void aNumberThatDoesNotFitIsRefusedRatherThanRounded() throws Exception {
    execute("CREATE TABLE t (a INTEGER)");
    ComponentException e = failure("{'table': 't'}", "{'a': 1.5}");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void valuesTakeTheTypesOfATableThatIsThere() throws Exception {
    execute(
        "CREATE TABLE t (at TIMESTAMPTZ, id UUID, amount NUMERIC(20, 4), doc JSONB, n VARCHAR(5))");
    write(
        "k",
        "{'table': 't'}",
        "{'at': '2026-01-01T00:00:00Z', 'id': '6f1c1c56-6b7f-4a53-9c4e-0d1c8d0b9a11', 'amount':"
            + " 12.5, 'doc': {'a': [1]}, 'n': null}");
    assertThat(query("SELECT doc->'a'->>0 FROM t WHERE amount = 12.5 AND n IS NULL"))
        .containsExactly("1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"42P07", "42710", "23505"})
  void theCatalogueRefusesTheSecondOfTwoThatCreateATableAtOnceInThreeWays(String state) {
    assertThat(DatabaseDialect.POSTGRESQL.mayBeThereNow(new SQLException("exists", state)))
        .isTrue();
    assertThat(DatabaseDialect.POSTGRESQL.mayBeThereNow(new SQLException("other", "42501")))
        .isFalse();
    assertThat(DatabaseDialect.POSTGRESQL.mayBeThereNow(new SQLException("no state"))).isFalse();
  }

  @Test
  void aTypeThatHasTheTablesNameIsNamedAndNotTakenForTheTable() throws Exception {
    execute("CREATE TYPE t AS ENUM ('a')");
    ComponentException e = failure("{'table': 't'}", "{'a': 1}");
    assertThat(e).hasMessageContaining("42710");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void columnsAreInferred() throws Exception {
    write(
        "k",
        "{'table': 't'}",
        "[{'i': 1, 'd': 1, 'b': true, 's': 'x', 'j': [1], 'n': null}, {'i': 2, 'd': 1.5, 'b':"
            + " null}]");
    assertThat(
            query(
                "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE"
                    + " table_name = 't' AND table_schema = 'public' ORDER BY ordinal_position"))
        .containsExactly(
            "i bigint", "d double precision", "b boolean", "s text", "j jsonb", "n text");
  }

  @Test
  void aTableOfAnotherSchemaIsReached() throws Exception {
    execute("DROP SCHEMA IF EXISTS other CASCADE");
    execute("CREATE SCHEMA other");
    write("k", "{'table': 'other.t'}", "{'a': 1}");
    assertThat(query("SELECT a FROM other.t")).containsExactly("1");
  }
}
