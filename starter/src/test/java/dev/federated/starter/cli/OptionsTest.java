package dev.federated.starter.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import dev.federated.model.GeoPoint;
import dev.federated.parsing.InvalidDocumentException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** The options that commands share, on a command that has all of them. */
class OptionsTest {
  @TempDir private Path directory;

  @Command(name = "probe")
  private static final class Probe implements Callable<Integer> {
    @Mixin private final OutputOptions output = new OutputOptions();
    @Mixin private final FederationOptions federation = new FederationOptions();
    @Mixin private final InputOptions input = new InputOptions();
    @Mixin private final StartOptions start = new StartOptions();
    @Mixin private final ServerOptions server = new ServerOptions();

    @Override
    public Integer call() {
      return ExitCodes.SUCCEEDED;
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"52.5", "52.5,", "a,b", "91,0", "0,181", "NaN,0", "1,2,3", "1e1,2", "0x1p3,2"})
  void placeThatIsNoneIsRefused(String place) {
    assertThat(refused("--from", place)).contains(place).contains("--from");
  }

  @Test
  void embeddedNeedsAValueOfThree() {
    assertThat(refused("--embedded")).contains("--embedded");
    assertThat(refused("--embedded", "-o", "json")).contains("--embedded");
    assertThat(refused("--embedded", "docker")).contains("docker").contains("auto, jvm, cli");
  }

  @Test
  void outputIsJsonOrText() {
    assertThat(refused("-o", "xml")).contains("xml").contains("text, json");
  }

  @Test
  void optionGivenTwiceIsRefused() {
    assertThat(refused("--workflow-id", "a", "--workflow-id", "b")).contains("--workflow-id");
  }

  @Test
  void misspeltOptionNamesTheNearest() {
    assertThat(refused("--workflow-di=5")).contains("did you mean --workflow-id?");
    assertThat(refused("--leave-runing")).contains("did you mean --leave-running?");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{\"a\": NaN}", "{} {}", "{\"a\": 1, \"a\": 2}", "abc"})
  void inputThatIsNotOneJsonDocumentIsRefused(String text) {
    assertThatThrownBy(() -> input(text, "")).isInstanceOf(InvalidDocumentException.class);
    assertThatThrownBy(() -> input("-", text))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageStartingWith("--input: ");
  }

  @Test
  void inputFileThatIsMissingIsRefused() {
    assertThatThrownBy(() -> input("@nothing.json", ""))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessage("nothing.json: there is no such file");
  }

  @Test
  void inputAbove1MebibyteIsRefusedMeasuredAsJson() {
    String largest = "\"" + "x".repeat(Documents.LARGEST_INPUT_BYTES - 2) + "\"";
    assertThat(input("-", "   " + largest + " ".repeat(100)).isTextual()).isTrue();
    assertThatThrownBy(() -> input("-", "\"x" + largest.substring(1)))
        .isInstanceOf(InvalidDocumentException.class)
        .hasMessageContaining("1,048,577 bytes of JSON");
  }

  @Test
  void bytesOfAnInputCountNotCharacters() {
    String text = "\"" + "é".repeat(Documents.LARGEST_INPUT_BYTES / 2) + "\"";
    assertThatThrownBy(() -> input("-", text)).isInstanceOf(InvalidDocumentException.class);
  }

  @Test
  void inputIsReadFromTheArgumentAFileOrStandardInput() throws IOException {
    Files.writeString(directory.resolve("in put.json"), "{\"a\": 1}");
    assertThat(input("{\"a\": 1}", "").get("a")).isEqualTo(IntNode.valueOf(1));
    assertThat(input("@in put.json", "").get("a")).isEqualTo(IntNode.valueOf(1));
    assertThat(input("-", "{\"a\": 1}").get("a")).isEqualTo(IntNode.valueOf(1));
  }

  @Test
  void fileAbove4MebibytesIsRefused() throws IOException {
    Files.write(directory.resolve("p.json"), new byte[Documents.LARGEST_FILE_BYTES + 1]);
    assertThatThrownBy(() -> Documents.file("p.json", context("")))
        .hasMessage("p.json: is larger than the limit of 4,194,304 bytes");
  }

  @Test
  void everyOptionIsUnderstood() {
    Probe probe = new Probe();
    String[] arguments = {
      "--federation",
      "f.yaml",
      "--input",
      "@x",
      "-o",
      "JSON",
      "--verbose",
      "--embedded",
      "cli",
      "--workflow-id",
      "w",
      "--detach",
      "--from",
      "-33.87,151.2",
      "--leave-running",
      "--rerun"
    };
    assertThat(new CommandLine(probe).execute(arguments)).isZero();
    assertThat(probe.federation.file()).isEqualTo("f.yaml");
    assertThat(probe.output.json()).isTrue();
    assertThat(probe.output.verbose()).isTrue();
    assertThat(probe.server.embedded()).isEqualTo(EmbeddedChoice.CLI);
    assertThat(probe.start.workflowId()).isEqualTo("w");
    assertThat(probe.start.detach()).isTrue();
    assertThat(probe.start.rerun()).isTrue();
    assertThat(probe.start.leaveRunning()).isTrue();
    assertThat(probe.input.from()).isEqualTo(new GeoPoint(-33.87, 151.2));
  }

  @Test
  void defaultsAreTextAndNothingElse() {
    Probe probe = new Probe();
    assertThat(new CommandLine(probe).execute()).isZero();
    assertThat(probe.output.format()).isEqualTo(OutputFormat.TEXT);
    assertThat(probe.server.embedded()).isNull();
    assertThat(probe.federation.file()).isNull();
    assertThat(probe.input.from()).isNull();
    assertThat(probe.input.input(context(""))).isEmpty();
  }

  private JsonNode input(String option, String stdin) {
    return Documents.input(option, context(stdin));
  }

  private CommandContext context(String stdin) {
    return new CommandContext(
        Map.of(),
        directory,
        new ByteArrayInputStream(stdin.getBytes(UTF_8)),
        new Interruption(Duration.ofSeconds(1), code -> {}));
  }

  private static String refused(String... arguments) {
    StringWriter printed = new StringWriter();
    int exitCode =
        new CommandLine(new Probe())
            .setParameterExceptionHandler(new ErrorReport())
            .setOut(new PrintWriter(printed))
            .setErr(new PrintWriter(printed))
            .execute(arguments);
    assertThat(exitCode).isEqualTo(ExitCodes.BAD_INPUT);
    return printed.toString();
  }
}
