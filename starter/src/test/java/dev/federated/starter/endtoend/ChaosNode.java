package dev.federated.starter.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.activities.component.ComponentContext;
import dev.federated.activities.component.ComponentException;
import dev.federated.activities.component.ComponentExecutor;
import dev.federated.activities.component.StageComponent;
import dev.federated.worker.node.NodeAnswer;
import dev.federated.worker.node.NodeRequest;
import dev.federated.worker.node.RegionNode;
import dev.federated.worker.node.RegionNodeOptions;
import dev.federated.worker.node.RequestFilter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;

/**
 * A region's node as a process that can be killed. Each execution is written down before it is
 * answered, so that the count outlives the process. The test talks to it by files of the shared
 * directory: an answer is held until there is {@code release-<stage>-<region>}, and while there is
 * {@code broken-<stage>-<region>} nothing is executed.
 */
final class ChaosNode {
  /** The component type whose executions are counted; gives the region's part of the inputs. */
  static final String COUNTED = "counted";

  /** Stages with ids that begin so are answered at once. */
  static final String WARM_UP = "warm-up";

  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Duration LONGEST_HOLD = Duration.ofSeconds(90);

  private final String region;
  private final Path directory;

  private ChaosNode(String region, Path directory) {
    this.region = region;
    this.directory = directory;
  }

  /** Serves until it is killed; arguments: region, port. */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    // The logger's own start-up report would stand before the ready line.
    System.setProperty(
        "logback.statusListenerClass", "ch.qos.logback.core.status.NopStatusListener");
    ChaosNode node = new ChaosNode(arguments[0], Path.of("").toAbsolutePath());
    try (ComponentExecutor executor =
            ComponentExecutor.builder().components(List.of(node.counted())).build();
        RegionNode served =
            RegionNode.start(
                RegionNodeOptions.builder(node.region)
                    .port(Integer.parseInt(arguments[1]))
                    .executor(executor)
                    .filter(node::answer)
                    .build())) {
      System.out.println("ready port=" + served.port());
      new CountDownLatch(1).await();
    }
  }

  /** The file by which the test and the node tell each other about a stage in a region. */
  static Path file(Path directory, String what, String stageId, String region) {
    return directory.resolve("%s-%s-%s".formatted(what, stageId, region));
  }

  /** The file with a line for each execution: stage and idempotency key. */
  static Path executions(Path directory, String region) {
    return directory.resolve("executions-" + region);
  }

  private StageComponent counted() {
    return new StageComponent() {
      @Override
      public String type() {
        return COUNTED;
      }

      @Override
      public JsonNode execute(JsonNode config, JsonNode inputs, ComponentContext context)
          throws ComponentException {
        writeDown(context.stageId() + " " + context.idempotencyKey() + "\n");
        return JsonNodeFactory.instance.objectNode().set(region, inputs.path(region));
      }
    };
  }

  private synchronized void writeDown(String line) throws ComponentException {
    try {
      Files.writeString(
          executions(directory, region),
          line,
          UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new ComponentException("the execution cannot be counted", false, e);
    }
  }

  private NodeAnswer answer(NodeRequest request, RequestFilter.Next next)
      throws IOException, InterruptedException {
    if (!request.path().equals(RegionNode.EXECUTE_PATH)) {
      return next.handle(request);
    }
    String stageId = MAPPER.readTree(request.body()).at("/stage/id").asText();
    if (Files.exists(file(directory, "broken", stageId, region))) {
      return NodeAnswer.error(503, "Fault", "broken by the test");
    }
    NodeAnswer answer = next.handle(request);
    if (!stageId.startsWith(WARM_UP)) {
      Files.writeString(file(directory, "held", stageId, region), "");
      Awaitility.await()
          .atMost(LONGEST_HOLD)
          .pollInterval(Duration.ofMillis(10))
          .until(() -> Files.exists(file(directory, "release", stageId, region)));
    }
    return answer;
  }
}
