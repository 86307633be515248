package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.activities.component.TestingPostgres;
import dev.federated.model.StageOutcome;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.PipelineResult;
import dev.federated.starter.Execution;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationConfigLoader;
import io.temporal.client.WorkflowClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Writes into a real PostgreSQL, whose URL only the control worker knows. */
@Timeout(180)
@RealServer.Needed
class DatabaseWriteTest {
  private static final JsonNode INPUT =
      Json.of("{rows: [{id: 1, name: 'a'}, {id: 2, name: 'b'}, {id: 3, name: 'c'}]}");

  @TempDir private static Path directory;
  private static TestingPostgres postgres;
  private static RealServer server;
  private static String namespace;
  private static FederateProcess control;

  @BeforeAll
  static void start(RealServer shared) throws Exception {
    server = shared;
    namespace = server.newNamespace("database");
    postgres = TestingPostgres.start();
    Files.writeString(
        directory.resolve("federation.yaml"),
        """
        regions: [{name: us}]
        secrets: {warehouse: {value: "${WAREHOUSE_DSN}", components: [database_write]}}
        """);
    control = startControl();
    control.awaitReady();
  }

  @AfterAll
  static void end() throws Exception {
    if (control != null) {
      control.close();
    }
    if (postgres != null) {
      postgres.close();
    }
  }

  private static FederateProcess startControl() {
    Map<String, String> environment = new LinkedHashMap<>(server.environment(namespace));
    environment.put("WAREHOUSE_DSN", postgres.url());
    return FederateProcess.start(
        "database", directory, environment, "worker", "--control", "--metrics-port", "0");
  }

  private static Execution<PipelineResult> startPipeline(String table) {
    WorkflowClient client = server.client(namespace);
    PipelineDefinition pipeline =
        PipelineParser.parse(
                Json.of(
                    """
                    {id: 'load', stages: [{id: 'store', type: 'database_write',
                      config: {url: {secret: 'warehouse'}, table: '%s', rows: '{{input.rows}}'}}]}
                    """
                        .formatted(table)),
                "load.json",
                new FederationConfigLoader(Map.of(), directory).load("federation.yaml").config())
            .pipeline();
    return new FederationCoordinator(client).startPipeline(pipeline, INPUT);
  }

  @Test
  void rowsOfAPipelineAreWrittenOnceAndTheUrlStaysOutOfItsHistory() throws SQLException {
    Execution<PipelineResult> execution = startPipeline("plain");
    PipelineResult result = execution.result();

    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.output())
        .isEqualTo(Json.of("{table: 'plain', rows_written: 3, repeated: false}"));
    assertThat(count("SELECT count(*) FROM plain")).isEqualTo(3);
    assertThat(
            server
                .client(namespace)
                .fetchHistory(execution.workflowId())
                .getHistory()
                .toByteString()
                .toString(ISO_8859_1))
        .contains("warehouse")
        .doesNotContain("jdbc:postgresql");
  }

  @Test
  void rowsAreWrittenOnceWhenTheWorkerIsKilledWhileItWrites() throws Exception {
    try (Connection connection = DriverManager.getConnection(postgres.url());
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE TABLE guarded (id BIGINT, name TEXT)");
      connection.setAutoCommit(false);
      // Reading is possible, writing waits.
      statement.execute("LOCK TABLE guarded IN SHARE ROW EXCLUSIVE MODE");
      Execution<PipelineResult> execution = startPipeline("guarded");
      awaitWaiting(1);
      control.kill();
      assertThat(control.awaitExit(Duration.ofSeconds(10))).isNotZero();
      control.close();
      control = startControl();
      // The dead worker's transaction still waits, and the repeat waits beside it.
      awaitWaiting(2);
      connection.commit();

      PipelineResult result = execution.result();
      assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    }
    assertThat(count("SELECT count(*) FROM guarded")).isEqualTo(3);
    assertThat(count("SELECT count(DISTINCT id) FROM guarded")).isEqualTo(3);
  }

  private static void awaitWaiting(int transactions) {
    await(transactions + " wait for a lock")
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                count("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
                    >= transactions);
  }

  private static long count(String query) throws SQLException {
    try (Connection connection = DriverManager.getConnection(postgres.url());
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      assertThat(rows.next()).isTrue();
      return rows.getLong(1);
    }
  }
}
