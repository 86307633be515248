package dev.federated.starter.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.parsing.FederationConfigParser;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.PipelineParser;
import dev.federated.starter.FederationCoordinator;
import dev.federated.worker.config.FederationFile;
import dev.federated.worker.document.DocumentReader;
import dev.federated.worker.node.NodeProcess;
import dev.federated.worker.tracing.TraceExport;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** Shows a whole federation on this machine: three regions, a data source, and a pipeline. */
@Command(
    name = "demo",
    description =
        "Runs the global-analytics pipeline over three regions on this machine and tells what"
            + " happened. Needs nothing but Java.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class)
final class DemoCommand implements Callable<Integer> {
  private static final String PIPELINE = "global-analytics.json";
  private static final String FEDERATION = "federation.json";
  private static final String DATA = "orders.json";

  @ParentCommand private @Nullable Federate federate;
  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ServerOptions server = new ServerOptions();
  @Mixin private StartOptions start = new StartOptions();
  @Mixin private OutputOptions output = new OutputOptions();

  @Override
  public Integer call() throws InterruptedException, IOException {
    CommandContext context = Federate.contextOf(federate);
    PrintWriter err = spec.commandLine().getErr();
    start.check(server);
    start.checkBringsServer();
    FederationConfig listed =
        FederationConfigParser.parse(resource(FEDERATION), FEDERATION, "demo");
    List<AutoCloseable> running = new ArrayList<>();
    try {
      HttpServer source = source(running);
      String url = "http://127.0.0.1:%d/orders".formatted(source.getAddress().getPort());
      err.println("data source at " + url);
      FederationConfig federation = withNodes(listed, running, context.traces(), err);
      FederationFile file =
          new FederationFile(
              FEDERATION, context.workingDirectory().resolve(FEDERATION), federation);
      PipelineDefinition pipeline =
          PipelineParser.parse(resource(PIPELINE), PIPELINE, federation).pipeline();
      ObjectNode input = JsonNodeFactory.instance.objectNode().put("data_url", url);
      EmbeddedChoice choice = server.embedded() == null ? EmbeddedChoice.AUTO : server.embedded();
      try (ServerSession session = ServerSession.embedded(context, choice, file, err)) {
        FederationCoordinator coordinator = new FederationCoordinator(session.client());
        Launch launch =
            new Launch(context, session, start, output, spec.commandLine().getOut(), err);
        int exitCode =
            launch.run(
                "demo",
                (id, policy) -> coordinator.startPipeline(pipeline, input, id, policy),
                () -> FederationCoordinator.newWorkflowId(pipeline.id()),
                RunCommand.KIND);
        tellWhereToLook(context, session, err);
        return exitCode;
      }
    } finally {
      closeAll(running);
    }
  }

  private static void tellWhereToLook(
      CommandContext context, ServerSession session, PrintWriter err) {
    err.println();
    err.println(
        "What happened: stage collect fetched orders over HTTP; stage process ran in three");
    err.println("regions at once, each behind its own HTTP endpoint, and its results were merged;");
    err.println("stage store wrote them into a database, once, whatever is repeated.");
    err.println("Where to look: the table is in " + ServerSession.databaseFile(context));
    err.println(
        session.durable()
            ? "(SQLite); the workflow is in Temporal's UI, which 'federate dev' shows; and"
            : "(SQLite); with the temporal command installed the workflow stays in Temporal's UI; and");
    err.println("README.md has the first pipeline of your own.");
    err.flush();
  }

  /** Serves the orders that the pipeline collects. */
  private static HttpServer source(List<AutoCloseable> running) throws IOException {
    byte[] orders;
    try (InputStream in = open(DATA)) {
      orders = in.readAllBytes();
    }
    HttpServer source =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    source.createContext(
        "/orders",
        exchange -> {
          exchange.getResponseHeaders().set("Content-Type", "application/json");
          exchange.sendResponseHeaders(200, orders.length);
          exchange.getResponseBody().write(orders);
          exchange.close();
        });
    source.start();
    running.add(() -> source.stop(0));
    return source;
  }

  /** Starts a node for each region and gives the federation their addresses. */
  private static FederationConfig withNodes(
      FederationConfig listed, List<AutoCloseable> running, TraceExport traces, PrintWriter err)
      throws IOException {
    List<RegionConfig> regions = new ArrayList<>();
    for (RegionConfig region : listed.regions()) {
      NodeProcess node =
          NodeProcess.start(
              new NodeProcess.Address(region.name(), "127.0.0.1", 0),
              null,
              null,
              Map.of(),
              problem -> {},
              traces);
      running.add(node);
      err.println("region %s at %s".formatted(region.name(), node.endpoint()));
      regions.add(region.withEndpoint(node.endpoint()));
    }
    return FederationConfig.builder()
        .regions(regions)
        .defaultStrategy(listed.defaultStrategy())
        .outboundAllow(listed.outboundAllow())
        .digest(listed.digest())
        .build();
  }

  private static JsonNode resource(String name) throws IOException {
    try (InputStream in = open(name)) {
      return DocumentReader.json(in.readAllBytes(), name);
    }
  }

  private static InputStream open(String name) throws IOException {
    InputStream in = DemoCommand.class.getResourceAsStream("demo/" + name);
    if (in == null) {
      throw new IOException("the jar lacks demo/" + name);
    }
    return in;
  }

  private static void closeAll(List<AutoCloseable> running) {
    for (AutoCloseable one : running) {
      try {
        one.close();
      } catch (Exception e) {
        throw new IllegalStateException("a server of the demo cannot be closed", e);
      }
    }
  }
}
