package dev.federated.worker.document;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DocumentReaderTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "  \n", "# only a comment"})
  void emptyYamlIsRefused(String text) {
    assertThat(refusedYaml(text).message()).isEqualTo("is empty");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  \n"})
  void emptyJsonIsRefused(String text) {
    assertThat(refusedJson(text).message()).isEqualTo("is empty");
  }

  @Test
  void jsonSyntaxErrorNamesLineAndColumn() {
    Problem problem = refusedJson("{\n  \"a\": 1,\n  \"b\" 2\n}");
    assertThat(problem.path()).startsWith("line 3, column ");
    assertThat(problem.message()).contains("not well-formed").contains("colon");
  }

  @Test
  void yamlSyntaxErrorNamesLineAndColumn() {
    Problem problem = refusedYaml("regions:\n  - name: a\n   priority: 1\n");
    assertThat(problem.path()).startsWith("line 3, column ");
    assertThat(problem.message()).startsWith("is not well-formed: ");
  }

  @Test
  void syntaxErrorsDoNotRepeatContent() {
    assertThat(refusedJson("{\"api_key\": hunter2}").toString()).doesNotContain("hunter");
    assertThat(refusedYaml("api_key: \"hunter2\n").toString()).doesNotContain("hunter");
    assertThat(refusedYaml("api_key: hunter2: hunter3\n").toString()).doesNotContain("hunter");
    assertThat(refusedYaml("a: [hunter2\nb: c").toString()).doesNotContain("hunter");
  }

  @Test
  void keyThatStandsTwiceIsRefused() {
    assertThat(refusedJson("{\"a\": 1, \"a\": 2}").message()).contains("Duplicate").contains("'a'");
    assertThat(refusedYaml("a: 1\nb: 2\na: 3\n").message()).contains("Duplicate").contains("'a'");
  }

  /** Found by fuzzing. */
  @Test
  void aDuplicateNameOfAnyLengthMakesAShortMessage() {
    String name = "x".repeat(5_000);

    assertThat(refusedJson("{\"%1$s\": 1, \"%1$s\": 2}".formatted(name)).message())
        .contains("Duplicate")
        .hasSizeLessThan(500);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{\"a\": NaN}", "{\"a\": Infinity}", "{\"a\": -Infinity}", "{\"a\": 1e999}"})
  void jsonNumberThatIsNotFiniteIsRefused(String text) {
    assertThat(refusedJson(text).path()).startsWith("line 1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a: .nan", "a: .inf", "a: -.inf"})
  void yamlNumberThatIsNotFiniteIsRefused(String text) {
    assertThat(refusedYaml(text).message())
        .isEqualTo("is not well-formed: Malformed numeric value");
  }

  @Test
  void yamlNumberBeyondADoubleIsRefused() {
    assertThat(refusedYaml("a: 1e999").message()).isEqualTo("holds a number that is not finite");
  }

  @Test
  void textAfterTheDocumentIsRefused() {
    assertThat(refusedJson("{} {}").message()).isEqualTo("holds more than one document");
    assertThat(refusedYaml("a: 1\n---\nb: 2\n").message())
        .isEqualTo("holds more than one document");
  }

  @Test
  void deepNestingIsRefused() {
    int deep = DocumentReader.DEEPEST + 1;
    assertThat(refusedJson("[".repeat(deep) + "]".repeat(deep)).message()).contains("too deep");
    refusedYaml("[".repeat(deep) + "]".repeat(deep));
    assertThat(json("[".repeat(deep - 1) + "]".repeat(deep - 1)).isArray()).isTrue();
  }

  @Test
  void bytesThatAreNotUtf8AreRefused() {
    byte[] latin = {'{', '"', 'a', '"', ':', '"', (byte) 0xe9, '"', '}'};
    assertThat(refused(() -> DocumentReader.json(latin, "x.json")).file()).isEqualTo("x.json");
    refused(() -> DocumentReader.yaml(latin, "x.yaml"));
  }

  @Test
  void yamlAliasBombIsRefused() {
    StringBuilder bomb = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 10; i++) {
      bomb.append("a%d: &a%d [".formatted(i, i));
      bomb.append("*a%d, ".formatted(i - 1).repeat(9)).append("*a%d ]\n".formatted(i - 1));
    }
    assertThat(refusedYaml(bomb.toString()).message())
        .isEqualTo("its aliases expand to more than 100,000 values");
  }

  @Test
  void yamlAliasWithoutAnchorOrInsideItselfIsRefused() {
    assertThat(refusedYaml("a: *b\n").message()).contains("an anchor that does not stand before");
    assertThat(refusedYaml("a: &b [*b]\n").message()).contains("an anchor that does not stand");
  }

  @Test
  void keyWithoutQuotesThatBeginsWithAStarIsNotInTheMessage() {
    assertThat(refusedYaml("api_key: *CANARY\n").message()).doesNotContain("CANARY");
  }

  @Test
  void yamlMergeKeyOfSomethingElseIsRefused() {
    assertThat(refusedYaml("a:\n  <<: 3\n").message()).contains("merge key");
    assertThat(refusedYaml("a:\n  <<: [3]\n").message()).contains("merge key");
  }

  @Test
  void yamlAliasesAndMergeKeysAreExpanded() {
    JsonNode tree =
        yaml(
            """
            base: &base {timeout_seconds: 5, tags: [gpu]}
            regions:
              - <<: *base
                name: a
                timeout_seconds: 7
              - {<<: [*base], name: b, tags: &tags [cpu]}
            tags: *tags
            """);
    assertThat(tree.get("regions"))
        .isEqualTo(
            json(
                """
                [{"name": "a", "timeout_seconds": 7, "tags": ["gpu"]},
                 {"name": "b", "tags": ["cpu"], "timeout_seconds": 5}]"""));
    assertThat(tree.get("tags")).isEqualTo(json("[\"cpu\"]"));
  }

  @ParameterizedTest
  @CsvSource({"no", "on", "off", "yes", "${KEY}", "file:/run/secrets/key", "us-east-1", "1.2.3"})
  void yamlTextsStayTexts(String text) {
    assertThat(yaml("a: " + text).get("a").textValue()).isEqualTo(text);
  }

  @Test
  void yamlAndJsonOfTheSameContentAreEqual() {
    assertThat(yaml("a: [1, 2.5, true, null, ~, text]\nb: {c: 12345678901234567890}\n"))
        .isEqualTo(
            json(
                "{\"a\": [1, 2.5, true, null, null, \"text\"], \"b\": {\"c\": 12345678901234567890}}"));
  }

  @Test
  void formatIsToldByTheExtensionElseByTheFirstCharacter() {
    assertThat(DocumentReader.read("a: 1".getBytes(UTF_8), "f.YML").get("a").intValue()).isOne();
    assertThat(DocumentReader.read("a: 1".getBytes(UTF_8), "f").get("a").intValue()).isOne();
    assertThat(DocumentReader.read(" {\"a\": 1}".getBytes(UTF_8), "f").get("a").intValue()).isOne();
    refused(() -> DocumentReader.read("a: 1".getBytes(UTF_8), "f.json"));
    refused(() -> DocumentReader.read(" ".getBytes(UTF_8), "f"));
  }

  @Test
  void fileThatIsMissingOrADirectoryOrTooLargeIsRefused(@TempDir Path directory)
      throws IOException {
    Path file = Files.write(directory.resolve("f"), new byte[11]);
    assertThat(refused(() -> DocumentReader.bytes(directory.resolve("none"), "none", 10)).message())
        .isEqualTo("there is no such file");
    assertThat(refused(() -> DocumentReader.bytes(directory, "dir", 10)).message())
        .isEqualTo("is a directory, not a file");
    assertThat(refused(() -> DocumentReader.bytes(file, "f", 10)).message())
        .isEqualTo("is larger than the limit of 10 bytes");
    assertThat(DocumentReader.bytes(file, "f", 11)).hasSize(11);
  }

  @Property(tries = 200)
  void anyTextIsReadOrRefusedAsADocument(@ForAll @StringLength(max = 60) String text) {
    for (String name : new String[] {"f.json", "f.yaml"}) {
      try {
        assertThat(DocumentReader.read(text.getBytes(UTF_8), name)).isNotNull();
      } catch (InvalidDocumentException e) {
        assertThat(e.problems()).hasSize(1);
      }
    }
  }

  private static JsonNode json(String text) {
    return DocumentReader.json(text.getBytes(UTF_8), "f.json");
  }

  private static JsonNode yaml(String text) {
    return DocumentReader.yaml(text.getBytes(UTF_8), "f.yaml");
  }

  private static Problem refusedJson(String text) {
    return refused(() -> json(text));
  }

  private static Problem refusedYaml(String text) {
    return refused(() -> yaml(text));
  }

  private static Problem refused(Runnable reading) {
    return catchThrowableOfType(InvalidDocumentException.class, reading::run).problems().get(0);
  }
}
