package dev.federated.starter.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederationConfig;
import dev.federated.model.RegionConfig;
import dev.federated.stage.FederatedStageResult;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowOptions;
import io.temporal.testing.TestWorkflowEnvironment;
import io.temporal.worker.WorkerFactory;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Does what README.md says, in its order. */
@Timeout(180)
class ReadmeTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final Pattern FILE =
      Pattern.compile("<!-- file: (\\S+) -->\\n```\\w+\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern CONSOLE = Pattern.compile("```console\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern JAVA =
      Pattern.compile("<!-- java: (\\S+) -->\\n```java\\n(.*?)```", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("]\\((?!https?://|#)([^)#]+)");
  private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");
  private static final Pattern SERVER = Pattern.compile("server=(\\S+)");

  @TempDir Path directory;

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }

  private static List<String> words(String line) {
    List<String> words = new ArrayList<>();
    Matcher word = WORD.matcher(line);
    while (word.find()) {
      words.add(word.group(1) == null ? word.group(2) : word.group(1));
    }
    return words;
  }

  /** A command that serves until it is interrupted. */
  private static final class Background {
    private final Interruption interruption = new Interruption(Duration.ofSeconds(20), code -> {});
    private final StringWriter out = new StringWriter();
    private final Thread thread;

    Background(Path directory, List<String> arguments) {
      CommandContext context =
          new CommandContext(
              Map.of(), directory, new ByteArrayInputStream(new byte[0]), interruption);
      thread =
          new Thread(
              () -> {
                Federate.commandLine(context)
                    .setOut(new PrintWriter(out, true))
                    .setErr(new PrintWriter(new StringWriter()))
                    .execute(arguments.toArray(String[]::new));
                interruption.commandEnded();
              });
      thread.start();
    }

    void awaitReady() {
      Awaitility.await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> out.toString().contains("ready"));
    }

    /** The address in its ready line. */
    String server() {
      Matcher server = SERVER.matcher(out.toString());
      assertThat(server.find()).isTrue();
      return server.group(1);
    }

    void stop() throws InterruptedException {
      interruption.shutdown();
      thread.join(Duration.ofSeconds(30).toMillis());
      assertThat(thread.isAlive()).isFalse();
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0)) {
      return free.getLocalPort();
    }
  }

  @Test
  void everyCommandRunsInOrderAndSucceeds() throws Exception {
    // The port of the README may be taken on the machine that runs this.
    String readme = readme().replace("18081", Integer.toString(freePort()));
    Matcher file = FILE.matcher(readme);
    while (file.find()) {
      Path target = directory.resolve(file.group(1));
      Files.createDirectories(target.getParent());
      Files.writeString(target, file.group(2));
    }
    Map<String, String> environment = new HashMap<>();
    List<Background> running = new ArrayList<>();
    List<String> run = new ArrayList<>();
    try {
      Matcher console = CONSOLE.matcher(readme);
      while (console.find()) {
        for (String line : console.group(1).lines().toList()) {
          assertThat(line).startsWith("$ ");
          String[] commented = line.substring(2).split(" # exit ", 2);
          int expected = commented.length == 1 ? 0 : Integer.parseInt(commented[1]);
          List<String> words = words(commented[0]);
          if (words.get(0).equals("mvn")) {
            continue;
          }
          assertThat(words.get(0)).isEqualTo("./federate");
          run.add(words.get(1));
          if (words.get(words.size() - 1).equals("&")) {
            // The default port may be taken on the machine that runs this.
            List<String> arguments = new ArrayList<>(words.subList(1, words.size() - 1));
            boolean dev = arguments.get(0).equals("dev");
            if (dev) {
              arguments.addAll(List.of("--port", "0"));
            }
            Background server = new Background(directory, arguments);
            running.add(server);
            server.awaitReady();
            if (dev) {
              environment.put("TEMPORAL_ADDRESS", server.server());
            }
            continue;
          }
          CommandRun command =
              CommandRun.of(
                  directory, environment, words.subList(1, words.size()).toArray(String[]::new));
          assertThat(command.exitCode()).as("%s%n%s", line, command.err()).isEqualTo(expected);
          assertThat(command.out()).isNotBlank();
        }
      }
    } finally {
      for (Background server : running) {
        server.stop();
      }
    }
    assertThat(run)
        .contains("demo", "validate", "route", "run", "stage", "dev", "node", "resume", "health");
  }

  @Test
  void theJavaIsThatOfAClassThatIsCompiledAndRun() throws Exception {
    String source =
        Files.readString(Path.of("src/test/java/dev/federated/starter/cli/ReadmeExample.java"));
    Matcher java = JAVA.matcher(readme());
    int blocks = 0;
    while (java.find()) {
      blocks++;
      assertThat(source.replaceAll("\\s+", " "))
          .contains(java.group(2).replaceAll("\\s+", " ").trim());
    }
    assertThat(blocks).isEqualTo(3);
    try (TestWorkflowEnvironment environment = TestWorkflowEnvironment.newInstance()) {
      WorkflowClient client = environment.getWorkflowClient();
      FederationConfig federation =
          FederationConfig.of(
              List.of(
                  RegionConfig.builder("us-east-1").costPerExecution(0.02).build(),
                  RegionConfig.builder("eu-west-1").costPerExecution(0.01).build()));
      WorkerFactory factory = ReadmeExample.start(client, federation);
      try {
        JsonNode order = JsonNodeFactory.instance.objectNode().put("amount", 20);
        JsonNode price =
            client
                .newWorkflowStub(
                    ReadmeExample.OrderWorkflow.class,
                    WorkflowOptions.newBuilder().setTaskQueue("orders").build())
                .price(order);
        assertThat(price).isEqualTo(order);
        FederatedStageResult result = ReadmeExample.coordinate(client, order);
        assertThat(result.aggregated()).hasSize(2);
      } finally {
        factory.shutdownNow();
      }
    }
  }

  @Test
  void everyLinkLeadsSomewhere() throws Exception {
    Matcher link = LINK.matcher(readme());
    while (link.find()) {
      assertThat(ROOT.resolve(link.group(1))).exists();
    }
  }
}
