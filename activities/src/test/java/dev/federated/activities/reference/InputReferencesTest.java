package dev.federated.activities.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class InputReferencesTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final List<String> LOOPBACK = List.of("127.0.0.0/8", "::1/128");

  @TempDir private Path directory;
  private final MockWebServer server = new MockWebServer();

  @BeforeEach
  void start() throws IOException {
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private String url(String path) {
    return server.url(path).toString();
  }

  @SuppressWarnings("AnnotateFormatMethod")
  private static JsonNode json(String text, Object... values) {
    try {
      return MAPPER.readTree(text.formatted(values).replace('\'', '"'));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static JsonNode resolve(List<String> allowed, JsonNode inputs) throws ReferenceException {
    try (InputReferences references = new InputReferences(allowed, LOOPBACK)) {
      return references.resolve(inputs, TIMEOUT);
    }
  }

  private JsonNode resolve(JsonNode inputs) throws ReferenceException {
    return resolve(List.of(url("/data/"), directory.toUri().toString()), inputs);
  }

  private ReferenceException refusal(JsonNode inputs) {
    return catchThrowableOfType(ReferenceException.class, () -> resolve(inputs));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/database/orders.json",
        "/data/../secret.json",
        "/data/%2e%2e/secret.json",
        "/data/..%2fsecret.json",
        "/data/..%5csecret.json",
        "/data/orders.json#part"
      })
  void whatIsNotUnderAnAllowedAddressIsRefusedAndNotAskedFor(String path) {
    ReferenceException refusal =
        refusal(json("{'$ref': 'http://%s:%d%s'}", server.getHostName(), server.getPort(), path));

    assertThat(refusal.retryable()).isFalse();
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void anotherHostPortOrSchemeIsRefused() {
    for (String other :
        List.of(
            "http://%s:1/data/x".formatted(server.getHostName()),
            "https://%s:%d/data/x".formatted(server.getHostName(), server.getPort()),
            "http://elsewhere.example.com:%d/data/x".formatted(server.getPort()),
            "http://user:SECRET@%s:%d/data/x".formatted(server.getHostName(), server.getPort()),
            "file:/etc/passwd")) {
      ReferenceException refusal = refusal(json("{'$ref': '%s'}", other));

      assertThat(refusal.retryable()).as(other).isFalse();
    }
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void aPrivateAddressIsRefusedUnlessOutboundAllowHasIt() {
    try (InputReferences references = new InputReferences(List.of(url("/data/")), List.of())) {
      assertThatThrownBy(() -> references.resolve(json("{'$ref': '%s'}", url("/data/x")), TIMEOUT))
          .isInstanceOf(ReferenceException.class)
          .hasMessageContaining("not a public address")
          .hasMessageContaining("outbound.allow");
    }
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void aLinkThatLeadsOutOfTheDirectoryIsRefused(@TempDir Path elsewhere) throws IOException {
    Path secret = Files.writeString(elsewhere.resolve("secret.json"), "{}");
    Path link = Files.createSymbolicLink(directory.resolve("link.json"), secret);

    assertThat(refusal(json("{'$ref': '%s'}", link.toUri())))
        .hasMessageContaining("leads out of references.allow");
  }

  @Test
  void aRedirectIsNotFollowed() {
    server.enqueue(
        new MockResponse.Builder().code(302).setHeader("Location", url("/data/y")).build());

    assertThat(refusal(json("{'$ref': '%s'}", url("/data/x"))))
        .hasMessageContaining("302 instead of 200");
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource({"404, false", "403, false", "429, true", "503, true"})
  void anAnswerOtherThan200SaysWhetherItMayBeThereLater(int status, boolean retryable) {
    server.enqueue(new MockResponse.Builder().code(status).build());

    ReferenceException refusal = refusal(json("{'$ref': '%s'}", url("/data/x?signature=SECRET")));

    assertThat(refusal.retryable()).isEqualTo(retryable);
    assertThat(refusal).hasMessageContaining("/data/x: ").hasMessageNotContaining("SECRET");
  }

  @Test
  void otherContentThanTheDigestSaysIsRefused() {
    server.enqueue(new MockResponse.Builder().body("[1]").build());

    assertThat(refusal(json("{'$ref': '%s', 'sha256': '%s'}", url("/data/x"), "0".repeat(64))))
        .hasMessageContaining("its SHA-256 is");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "<html>", "{} {}"})
  void whatIsNotJsonIsRefused(String content) {
    server.enqueue(new MockResponse.Builder().body(content).build());

    assertThat(refusal(json("{'$ref': '%s'}", url("/data/x"))).retryable()).isFalse();
  }

  @Test
  void moreThanFitsIsRefusedWithoutBeingReadWhole() {
    Buffer body = new Buffer().write(new byte[InputReferences.MOST_BYTES + 1]);
    server.enqueue(new MockResponse.Builder().body(body).build());

    assertThat(refusal(json("{'$ref': '%s'}", url("/data/x"))))
        .hasMessageContaining("67,108,864 bytes together");
  }

  @Test
  void aReferenceWithAnythingElseBesideItIsRefused() {
    assertThat(refusal(json("{'$ref': '%s', 'more': 1}", url("/data/x"))))
        .hasMessageContaining("only $ref and sha256");
  }

  @Test
  void withoutAnAllowedAddressInputsStayAsTheyAre() {
    try (InputReferences references = new InputReferences(List.of(), LOOPBACK)) {
      assertThat(references.areIn(json("{'$ref': 'https://data.example.com/x'}"))).isFalse();
    }
  }

  @Test
  void whatIsNoAddressIsNoReference() throws ReferenceException {
    JsonNode schema = json("{'items': {'$ref': '#/$defs/item', 'title': 'x'}, 'n': [1, null]}");

    assertThat(resolve(schema)).isEqualTo(schema);
  }

  @Test
  void referencesAreReplacedWhereverTheyStandAndWhatTheyNameIsNotLookedInto()
      throws ReferenceException, IOException {
    Path file = Files.writeString(directory.resolve("orders.json"), "[1,2]");
    String content = "{\"$ref\":\"file:/etc/passwd\"}";
    server.enqueue(new MockResponse.Builder().body(content).build());

    JsonNode resolved =
        resolve(
            json(
                "{'a': [{'$ref': '%s'}], 'b': {'c': {'$ref': '%s'}}, 'd': 1}",
                file.toUri(), url("/data/x")));

    assertThat(resolved)
        .isEqualTo(json("{'a': [[1,2]], 'b': {'c': {'$ref':'file:/etc/passwd'}}, 'd': 1}"));
  }

  @Test
  void contentWithItsDigestIsTaken() throws ReferenceException, IOException {
    Path file = Files.writeString(directory.resolve("empty.json"), "{}");
    String digest = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    assertThat(resolve(json("{'$ref': '%s', 'sha256': '%s'}", file.toUri(), digest)))
        .isEqualTo(json("{}"));
  }
}
