package dev.federated.pipeline;

import static dev.federated.pipeline.Json.json;
import static dev.federated.pipeline.Json.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.parsing.Problem;
import dev.federated.parsing.Problems;
import java.time.Duration;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateTest {
  private static final FixedScope SCOPE =
      FixedScope.ofInput(
              "{a: {b: [10, {c: 'deep'}]}, none: null, name: 'Ada', n: 1.5, t: true,"
                  + " 'x.y': 'dotted', 'q\"q': 'quoted', tricky: '{{input.name}}', '日本': 'ja'}")
          .output("collect", "{status_code: 200, body: {rows: [1, 2]}}")
          .output("a.b", "{x: 'dotted stage'}")
          .output("nothing", "null")
          .output("local", "{result: {total: 3}}")
          .output("fed", "{result: 'of the output', sum: 7}")
          .result("fed", "{outcome: 'partial', aggregated: {result: 'of the output', sum: 7}}");

  private static JsonNode resolve(String template) throws TemplateException {
    return Template.resolve(text(template), SCOPE);
  }

  private static String refusal(String template) {
    try {
      return "resolved to " + resolve(template);
    } catch (TemplateException e) {
      return String.valueOf(e.getMessage());
    }
  }

  @Test
  void aMissingPathNamesTheTemplateAndTheFirstMissingSegment() {
    assertThat(refusal("to {{input.a.x.y}}"))
        .isEqualTo("template '{{input.a.x.y}}': 'x' is missing: input.a is an object without it");
    assertThat(refusal("{{upstream.collect.body.rows[2]}}"))
        .isEqualTo(
            "template '{{upstream.collect.body.rows[2]}}': '[2]' is missing:"
                + " upstream.collect.body.rows is an array of 2");
    assertThat(refusal("{{upstream[\"a.b\"].x.y}}"))
        .contains("'y' is missing: upstream[\"a.b\"].x is a text");
    assertThat(refusal("{{upstream.absent.x}}")).contains("'absent' is missing: no output");
  }

  @Test
  void nothingIsBelowAnExplicitNull() {
    assertThat(refusal("{{input.none.x}}")).contains("'x' is missing: input.none is null");
  }

  @Test
  void aMessageShowsNoValue() {
    assertThat(refusal("{{input.name.x}}")).doesNotContain("Ada");
  }

  @Test
  void positionsAreForArraysAndNamesForObjects() {
    assertThat(refusal("{{input.a[0]}}")).contains("'[0]' is missing");
    assertThat(refusal("{{input.a.b.0}}")).contains("'0' is missing");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{{input.a",
        "{{input.a}",
        "{{input.a} }",
        "{{",
        "x {{ }} y",
        "{{}}",
        "{{input.}}",
        "{{input..a}}",
        "{{input.a[}}",
        "{{input.a[0}}",
        "{{input.a[-1]}}",
        "{{input.a[x]}}",
        "{{input.a['x']}}",
        "{{input.a[\"x]}}",
        "{{input.a[9999999999]}}",
        "{{input.a b}}",
        "{{input.a | upper}}",
        "{{input.a+1}}",
        "{{inputs.a}}",
        "{{env.HOME}}",
        "{{upstream}}",
        "{{upstream[0].x}}",
        "{{input.a ?? }}",
        "{{input.a ?? word}}",
        "{{input.a ?? 'x'}}",
        "{{input.a ?? 1 2}}",
        "{{input.a ?? {\"x\": 1}",
        "{{input.a ?? {\"x\": 1, \"x\": 2}}}",
        "{{input.a ?? \"x}}",
        "{{input.a ? 1}}",
        "{{{input.a}}}",
        "{input.a}}",
        "input.a}}",
        "x upstream.collect.body }} y"
      })
  void aMalformedTemplateIsRefused(String template) {
    assertThatThrownBy(() -> resolve(template)).isInstanceOf(TemplateException.class);
    Problems problems = new Problems("p.json");
    assertThat(Template.references(text(template), "config.url", problems)).isEmpty();
    assertThat(problems.found()).hasSize(1);
    assertThat(problems.found().get(0).path()).isEqualTo("config.url");
  }

  @Test
  void anUnknownRootIsNamedWithTheNearestOne() {
    assertThat(refusal("{{inputs.a}}"))
        .isEqualTo(
            "template '{{inputs.a}}' begins with 'inputs'; valid: input, upstream, stages; did you"
                + " mean input?");
  }

  @Test
  void aTemplateInAKeyIsRefused() {
    Problems problems = new Problems("p.json");
    Template.references(json("{headers: {'{{input.a}}': 'x'}}"), "config", problems);
    assertThat(problems.found())
        .extracting(Problem::path)
        .containsExactly("config.headers[\"{{input.a}}\"]");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{{input.a.b[0]}}~10",
        "{{ input.a.b[1].c }}~\"deep\"",
        "{{input.a}}~{\"b\":[10,{\"c\":\"deep\"}]}",
        "{{input.n}}~1.5",
        "{{input.t}}~true",
        "{{input.none}}~null",
        "{{upstream.collect.body.rows}}~[1,2]",
        "{{stages.collect.body.rows[1]}}~2",
        "{{upstream.collect}}~{\"status_code\":200,\"body\":{\"rows\":[1,2]}}",
        "{{upstream.nothing}}~null",
        "{{upstream[\"a.b\"].x}}~\"dotted stage\"",
        "{{input[\"x.y\"]}}~\"dotted\"",
        "{{input[\"q\\\"q\"]}}~\"quoted\"",
        "{{input.日本}}~\"ja\"",
        "{{input[\"a\"][\"b\"][1][\"c\"]}}~\"deep\""
      })
  void aStringThatIsOneTemplateKeepsTheType(String template, String value) throws Exception {
    assertThat(resolve(template)).isEqualTo(json(value));
  }

  @Test
  void theWholeInputIsAValue() throws Exception {
    assertThat(resolve("{{input}}")).isEqualTo(SCOPE.input());
  }

  @Test
  void insideTextStringsGoRawAndTheRestAsCompactJson() throws Exception {
    assertThat(resolve("{{input.name}}: {{input.a}}, {{input.n}}, {{input.t}}, {{input.none}}!"))
        .isEqualTo(text("Ada: {\"b\":[10,{\"c\":\"deep\"}]}, 1.5, true, null!"));
    assertThat(resolve("{{input.name}}{{input.name}}")).isEqualTo(text("AdaAda"));
    assertThat(resolve(" {{input.n}}")).isEqualTo(text(" 1.5"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "{{input.x ?? 5}}~5",
        "{{input.x.y ?? -1.5e3}}~-1500.0",
        "{{input.x??null}}~null",
        "{{input.none.x ?? false}}~false",
        "{{upstream.absent.x ?? \"}}\"}}~\"}}\"",
        "{{input.x ?? {\"a\":{\"b\":[\"}}\"]}}}}~{\"a\":{\"b\":[\"}}\"]}}",
        "{{input.x ?? []}}~[]",
        "{{input.x ?? \"{{input.name}}\"}}~\"{{input.name}}\""
      })
  void aMissingPathTakesTheDefault(String template, String value) throws Exception {
    assertThat(resolve(template)).isEqualTo(json(value));
  }

  @Test
  void anExplicitNullIsAValueAndTakesNoDefault() throws Exception {
    assertThat(resolve("{{input.none ?? 5}}").isNull()).isTrue();
    assertThat(resolve("{{upstream.nothing ?? 5}}").isNull()).isTrue();
  }

  @Test
  void aBackslashBeforeTheBracesKeepsThem() throws Exception {
    assertThat(resolve("\\{{input.name}}")).isEqualTo(text("{{input.name}}"));
    assertThat(resolve("a \\{{ b {{input.name}}")).isEqualTo(text("a {{ b Ada"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":{\"b\":{}}}",
        "{total: {x: y}}",
        "{total: {x: input.a}}",
        "{input.a}",
        "}}",
        ":-}}",
        "a\\b",
        ""
      })
  void otherBracesAreText(String text) throws Exception {
    assertThat(resolve(text)).isEqualTo(text(text));
  }

  @Test
  void objectsAndListsAreWalkedAndKeysStay() throws Exception {
    assertThat(
            Template.resolve(
                json("{a: ['{{input.name}}', {b: '{{input.n}}'}], 'k': 1, n: null}"), SCOPE))
        .isEqualTo(json("{a: ['Ada', {b: 1.5}], k: 1, n: null}"));
  }

  @Test
  void resultIsTheRecordOfAFederatedStageAndAFieldOfALocalOne() throws Exception {
    assertThat(resolve("{{stages.fed.result.outcome}}")).isEqualTo(text("partial"));
    assertThat(resolve("{{upstream.fed.result.aggregated.result}}"))
        .isEqualTo(text("of the output"));
    assertThat(resolve("{{stages.fed.sum}}")).isEqualTo(json("7"));
    assertThat(resolve("{{stages.local.result.total}}")).isEqualTo(json("3"));
    assertThat(refusal("{{stages.collect.result.outcome}}")).contains("'result' is missing");
  }

  @Test
  void aValueThatHoldsATemplateIsNeverExpandedAgain() throws Exception {
    assertThat(resolve("{{input.tricky}}")).isEqualTo(text("{{input.name}}"));
    assertThat(resolve("<{{input.tricky}}>")).isEqualTo(text("<{{input.name}}>"));
  }

  @Test
  void dataCannotBringAReferenceToASecretIntoAConfig() throws Exception {
    FixedScope scope = FixedScope.ofInput("{x: {deep: [{secret: 'warehouse'}]}, s: 'warehouse'}");
    JsonNode own = json("{password: {secret: 'warehouse'}}");

    assertThatThrownBy(
            () -> Template.resolveConfig("http_request", json("{body: '{{input.x}}'}"), scope))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("never in data");
    assertThatThrownBy(
            () ->
                Template.resolveConfig(
                    "http_request", json("{password: {secret: '{{input.s}}'}}"), scope))
        .isInstanceOf(TemplateException.class);
    assertThat(Template.resolveConfig("database_write", own, scope)).isEqualTo(own);
    assertThat(Template.resolveConfig("logger", json("{data: '{{input.x}}'}"), scope))
        .isEqualTo(json("{data: {deep: [{secret: 'warehouse'}]}}"));
    assertThat(Template.resolve(json("{body: '{{input.x}}'}"), scope).findValue("secret"))
        .isEqualTo(text("warehouse"));
  }

  @Test
  void valuesThatAreTooLargeTogetherAreRefusedBeforeTheyAreBuilt() {
    FixedScope scope = new FixedScope(text("x".repeat(Template.MOST_CHARACTERS / 2)));
    assertThatThrownBy(() -> Template.resolve(text("{{input}} and {{input}} and {{input}}"), scope))
        .isInstanceOfSatisfying(TemplateException.class, e -> assertThat(e.tooLarge()).isTrue());
  }

  @Test
  void aTemplateNestedTooDeepIsRefused() {
    JsonNode deep = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < 5_000; i++) {
      deep = JsonNodeFactory.instance.arrayNode().add(deep);
    }
    JsonNode template = deep;
    assertThatThrownBy(() -> Template.resolve(template, SCOPE))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("200");
    assertThat(refusal("{{input.x ?? " + "[".repeat(5_000) + "]".repeat(5_000) + "}}"))
        .contains("200");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"\\{{", "{{input.name}}", "{", "}}", "input.a}", "\\", "{{input.x ?? {}}}"})
  void longTextsTakeLinearTime(String piece) {
    String longText = piece.repeat(1_000_000 / piece.length());
    assertTimeoutPreemptively(Duration.ofSeconds(20), () -> refusal(longText));
  }

  @Test
  void referencesTellWhereTheyStandAndWhatTheyRead() {
    Problems problems = new Problems("p.json");
    List<TemplateReference> references =
        Template.references(
            json("{url: 'x/{{input.a}}', list: ['{{stages.s[0][\"k\"] ?? 1}}'], n: 1}"),
            "stages[0].config",
            problems);
    assertThat(problems.found()).isEmpty();
    assertThat(references)
        .containsExactly(
            new TemplateReference(
                "stages[0].config.url",
                "{{input.a}}",
                null,
                List.of(new TemplateReference.Segment.Field("a")),
                null),
            new TemplateReference(
                "stages[0].config.list[0]",
                "{{stages.s[0][\"k\"] ?? 1}}",
                "s",
                List.of(
                    new TemplateReference.Segment.Item(0),
                    new TemplateReference.Segment.Field("k")),
                json("1")));
  }

  @Property(tries = 200)
  void textWithoutBracesResolvesToItself(@ForAll("withoutBraces") String text) throws Exception {
    assertThat(resolve(text)).isEqualTo(text(text));
  }

  @Property(tries = 200)
  void anyJsonGoesThroughAWholeTemplateUnchanged(@ForAll("values") JsonNode value)
      throws Exception {
    FixedScope scope = new FixedScope(JsonNodeFactory.instance.objectNode().set("v", value));
    assertThat(Template.resolve(text("{{input.v}}"), scope)).isEqualTo(value);
  }

  @Property(tries = 200)
  void anyTextGoesRawIntoTextAndIsNotExpanded(@ForAll("texts") String value) throws Exception {
    FixedScope scope = new FixedScope(text(value));
    assertThat(Template.resolve(text("<{{input}}|{{input}}>"), scope))
        .isEqualTo(text("<" + value + "|" + value + ">"));
  }

  @Property(tries = 200)
  void anyNameCanBeQuoted(@ForAll("texts") String name, @ForAll("values") JsonNode value)
      throws Exception {
    FixedScope scope = new FixedScope(JsonNodeFactory.instance.objectNode().set(name, value));
    assertThat(Template.resolve(text("{{input[" + text(name) + "]}}"), scope)).isEqualTo(value);
  }

  @Property(tries = 200)
  void anyJsonCanBeADefault(@ForAll("values") JsonNode value) throws Exception {
    JsonNode read = Json.MAPPER.readTree(value.toString());
    assertThat(resolve("{{input.absent ?? " + value + "}}")).isEqualTo(read);
  }

  @Property(tries = 300)
  void arbitraryTextIsResolvedOrRefusedAndNothingElse(@ForAll("noise") String noise) {
    assertThat(refusal(noise)).isNotEmpty();
  }

  @Provide
  Arbitrary<String> withoutBraces() {
    return Arbitraries.strings().excludeChars('{', '}').ofMaxLength(40);
  }

  @Provide
  Arbitrary<String> texts() {
    return RandomJson.texts();
  }

  @Provide
  Arbitrary<JsonNode> values() {
    return RandomJson.values();
  }

  @Provide
  Arbitrary<String> noise() {
    return Arbitraries.of(
            "{{",
            "}}",
            "{",
            "}",
            "input",
            "upstream",
            ".",
            "[",
            "]",
            "0",
            "\"",
            "??",
            " ",
            "\\",
            "a",
            "{\"a\":",
            "null")
        .list()
        .ofMaxSize(12)
        .map(pieces -> String.join("", pieces));
  }
}
