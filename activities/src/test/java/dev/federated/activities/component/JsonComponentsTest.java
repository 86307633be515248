package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

final class JsonComponentsTest {
  private static final String SECRET = "never-logged-81";

  private final ComponentExecutor executor =
      ComponentExecutor.builder()
          .secrets(
              new ResolvedSecrets(
                  Map.of("key", new ResolvedSecrets.Secret(SECRET, Set.of("logger")))))
          .build();

  @AfterEach
  void close() {
    executor.close();
  }

  private JsonNode run(String type, String config, String inputs) throws ComponentException {
    return executor.execute(Json.request(type, config, inputs)).output();
  }

  private ComponentException failure(String type, String config, String inputs) {
    return catchThrowableOfType(ComponentException.class, () -> run(type, config, inputs));
  }

  @ParameterizedTest
  @ValueSource(strings = {"json_transform", "transformer", "filter"})
  void anExpressionThatCannotBeParsedIsFinalAndNamesThePosition(String type) {
    ComponentException e = failure(type, "{'jmespath_expression': 'a[['}", "{}");
    assertThat(e).hasMessageContaining("'a[['").hasMessageContaining("position 2");
    assertThat(e.retryable()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"json_transform", "transformer", "filter"})
  void anExpressionThatIsTooLongIsRefused(String type) {
    ComponentException e =
        failure(type, "{'jmespath_expression': '%s'}".formatted("a".repeat(10_001)), "{}");
    assertThat(e).hasMessageContaining("10001 characters");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void anExpressionThatIsNestedTooDeeplyIsFinal() {
    ComponentException e =
        failure("transformer", "{'expression': '%s'}".formatted("(".repeat(9_999)), "{}");
    assertThat(e.retryable()).isFalse();
  }

  /** Forty doublings of an array, of a text, and of a value that is only referred to. */
  @ParameterizedTest
  @ValueSource(strings = {"[@, @][]", "join(to_string(a), [@, @])", "[@, @]"})
  @Timeout(30)
  void anExpressionThatMakesTooMuchIsFinalAndEndsSoon(String doubling) {
    String expression = String.join(" | ", Collections.nCopies(40, doubling));
    ComponentException e =
        failure(
            "transformer",
            "{'expression': '%s'}".formatted(expression),
            doubling.startsWith("join") ? "'x'" : "['x']");
    assertThat(e).hasMessageContaining("more than");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void aFunctionOverTheWrongTypeIsFinal() {
    ComponentException e = failure("transformer", "{'expression': 'abs(a)'}", "{'a': 'x'}");
    assertThat(e).hasMessageContaining("abs").hasMessageContaining("number");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void jsonTransformWrapsTheResult() throws Exception {
    assertThat(run("json_transform", "{'jmespath_expression': 'a[*].b'}", "{'a': [{'b': 1}]}"))
        .isEqualTo(Json.of("{'result': [1]}"));
  }

  @Test
  void jsonTransformWithoutExpressionWrapsItsInputs() throws Exception {
    assertThat(run("json_transform", "{}", "{'a': 1}")).isEqualTo(Json.of("{'result': {'a': 1}}"));
  }

  @Test
  void dataTakesThePlaceOfTheInputsEvenIfItIsNull() throws Exception {
    assertThat(run("json_transform", "{'data': null}", "{'a': 1}"))
        .isEqualTo(Json.of("{'result': null}"));
  }

  @Test
  void transformerGivesTheValueItself() throws Exception {
    assertThat(run("transformer", "{'expression': 'a'}", "{'a': 1}")).isEqualTo(Json.of("1"));
  }

  @Test
  void transformerWithoutExpressionGivesItsInputs() throws Exception {
    assertThat(run("transformer", "{}", "[1]")).isEqualTo(Json.of("[1]"));
  }

  @Test
  void filterKeepsItemsWhereTheConditionIsTruthy() throws Exception {
    assertThat(run("filter", "{'condition': 'n > `1`'}", "[{'n': 1}, {'n': 2}, {'n': 'x'}]"))
        .isEqualTo(Json.of("[{'n': 2}]"));
  }

  @Test
  void filterCountsZeroAsTruthyAndEmptyAsFalsy() throws Exception {
    assertThat(run("filter", "{}", "[0, false, null, '', [], {}, 'x']"))
        .isEqualTo(Json.of("[0, 'x']"));
  }

  @Test
  void filterTestsDataThatIsNoArrayAsAWhole() throws Exception {
    assertThat(run("filter", "{'condition': 'n'}", "{'n': 1}")).isEqualTo(Json.of("{'n': 1}"));
    assertThat(run("filter", "{'condition': 'm'}", "{'n': 1}")).isEqualTo(Json.of("null"));
  }

  @Test
  void dataThatBreaksTheSchemaIsFinalAndNamesEachPlace() {
    ComponentException e =
        failure(
            "schema_validate",
            "{'schema': {'required': ['b'], 'properties': {'a': {'type': 'integer'}}}}",
            "{'a': 'x'}");
    assertThat(e).hasMessageContaining("2 violations").hasMessageContaining("/a: ");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void onlyTheFirstTenViolationsAreListed() {
    ComponentException e =
        failure(
            "schema_validate",
            "{'schema': {'items': {'type': 'integer'}}}",
            "['a','a','a','a','a','a','a','a','a','a','a','a']");
    assertThat(e).hasMessageContaining("12 violations").hasMessageContaining("/9: ");
    assertThat(e.getMessage()).doesNotContain("/10: ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://127.0.0.1:9/schema.json",
        "https://json-schema.org/draft/2020-12/schema",
        "file:///etc/hostname",
        "classpath:/draft/2020-12/schema"
      })
  void aReferenceOutsideTheSchemaIsRefused(String reference) {
    ComponentException e =
        failure("schema_validate", "{'schema': {'$ref': '%s'}}".formatted(reference), "1");
    assertThat(e).hasMessageContaining(reference).hasMessageContaining("not allowed");
    assertThat(e.retryable()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"{'$ref': '#'}", "{'pattern': '('}", "{'$ref': '#/nowhere'}"})
  void aSchemaThatCannotBeUsedIsFinal(String schema) {
    ComponentException e = failure("schema_validate", "{'schema': %s}".formatted(schema), "'x'");
    assertThat(e).hasMessageContaining("schema: ");
    assertThat(e.retryable()).isFalse();
  }

  @Test
  void dataThatFitsTheSchemaIsTheOutput() throws Exception {
    assertThat(
            run(
                "schema_validate",
                "{'schema': {'$ref': '#/$defs/a', '$defs': {'a': {'type': 'object'}}}}",
                "{'a': 1}"))
        .isEqualTo(Json.of("{'a': 1}"));
  }

  @Test
  void theLoggerLogsOneLineWithoutSecretsAndGivesItsInputs() throws Exception {
    Logger logger = (Logger) LoggerFactory.getLogger("dev.federated.stage");
    ListAppender<ILoggingEvent> appender = new ListAppender<>();
    appender.start();
    logger.addAppender(appender);
    try {
      assertThat(
              run(
                  "logger",
                  "{'message': {'secret': 'key'}, 'level': 'WARN', 'data': 'a\\nb'}",
                  "{'a': 1}"))
          .isEqualTo(Json.of("'a\\nb'"));
      assertThat(run("logger", "{'message': 'two\\nlines'}", "{'a': 1}"))
          .isEqualTo(Json.of("{'a': 1}"));
    } finally {
      logger.detachAppender(appender);
    }
    assertThat(appender.list)
        .extracting(event -> event.getLevel().toString())
        .containsExactly("WARN", "INFO");
    assertThat(appender.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .allSatisfy(line -> assertThat(line).doesNotContain(SECRET, "\n"));
  }

  @Test
  void anUnknownLogLevelIsFinal() {
    assertThat(failure("logger", "{'level': 'loud'}", "1")).hasMessageContaining("level");
  }
}
