package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.activities.component.TestingPostgres;
import dev.federated.model.StageRequest;
import java.net.URI;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A stage beside what one might take instead, posting to the same three region nodes. */
final class Alternatives {
  private static final int REGIONS = 3;
  private static final int[] CLIENTS = {1, 8, 32};

  private final Duel duel;

  Alternatives(Scale scale) {
    this.duel = new Duel(scale);
  }

  Table run() throws Exception {
    Path conductorJar = given("BENCHMARKS_CONDUCTOR_JAR");
    Path binaries = given("BENCHMARKS_TEMPORAL_SERVER");
    Table table =
        new Table(
            "Alternatives",
            "clients",
            "contestant",
            "stages/s",
            "p50 ms",
            "p99 ms",
            "stage's throughput beside it");
    table.note(
        "A stage over three region nodes on loopback, 1 KB of input. Bars: at least twice"
            + " Conductor's throughput at 1 and 32 clients and ahead at 8. The asyncio client is"
            + " not durable: it shows what durability costs.");
    table.note(
        binaries == null
            ? "Temporal ran on the embedded server with SQLite: there was no Temporal server with"
                + " PostgreSQL."
            : "Temporal and Conductor used the same PostgreSQL.");
    if (conductorJar == null) {
      table.note("Conductor was not measured: its server was not there.");
    }
    try (TestingPostgres postgres = TestingPostgres.start();
        DevServer temporal =
            binaries == null
                ? DevServer.embedded()
                : PostgresServer.start(binaries, port(postgres.url()));
        Site site = Site.overHttp(temporal.address());
        @Nullable ConductorServer conductor = conductor(conductorJar, postgres, site)) {
      StageRequest request = site.stage(REGIONS, 1_000);
      String body = new ObjectMapper().writeValueAsString(body(request));
      try (AsyncioClient asyncio =
          new AsyncioClient(site.endpoints().stream().map(URI::getPort).toList(), body)) {
        List<Contestant> contestants =
            conductor == null
                ? List.of(
                    site.federated("stage", request),
                    new Contestant("asyncio, not durable", asyncio::run))
                : List.of(
                    site.federated("stage", request),
                    new Contestant("Conductor, fork and join", conductor::run),
                    new Contestant("asyncio, not durable", asyncio::run));
        duel.warmUp(contestants.subList(0, contestants.size() - 1), REGIONS);
        for (int clients : CLIENTS) {
          List<Measured> measured = duel.run(contestants, clients);
          for (Measured one : measured) {
            table.row(
                Integer.toString(clients),
                one.name(),
                "%.1f".formatted(one.throughput()),
                "%.0f".formatted(one.p50()),
                "%.0f".formatted(one.p99()),
                measured.get(0).throughputBeside(one).toString());
          }
        }
      }
    }
    return table;
  }

  private static @Nullable Path given(String variable) {
    String value = System.getenv(variable);
    return value == null || value.isBlank() ? null : Path.of(value);
  }

  private static @Nullable ConductorServer conductor(
      @Nullable Path jar, TestingPostgres postgres, Site site) throws Exception {
    if (jar == null) {
      return null;
    }
    try (Connection connection = DriverManager.getConnection(postgres.url());
        Statement statement = connection.createStatement()) {
      var unused = statement.execute("create database conductor");
    }
    ConductorServer server =
        ConductorServer.start(
            jar, "jdbc:postgresql://127.0.0.1:%d/conductor".formatted(port(postgres.url())));
    server.define(
        site.endpoints().stream().map(uri -> URI.create(uri + "/api/v1/execute")).toList(),
        body(site.stage(REGIONS, 1_000)));
    return server;
  }

  private static JsonNode body(StageRequest request) {
    ObjectNode body = JsonNodeFactory.instance.objectNode();
    body.putObject("stage")
        .put("id", request.stageId())
        .put("type", request.type())
        .set("config", request.config());
    body.set("inputs", request.inputs());
    return body;
  }

  private static int port(String jdbcUrl) {
    return URI.create(jdbcUrl.substring("jdbc:".length())).getPort();
  }
}
