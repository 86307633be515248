package dev.federated.parsing;

import static dev.federated.parsing.Documents.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.FederationStrategy;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class StrictObjectTest {
  private final Problems problems = new Problems("file.json");

  private StrictObject object(String text) {
    return StrictObject.of(json(text), "place", problems);
  }

  @Test
  void absurdNumbersAreRefusedWithoutBeingWrittenOut() {
    ObjectNode numbers = JsonNodeFactory.instance.objectNode();
    numbers.set("a", DecimalNode.valueOf(new BigDecimal("1e1000000000")));
    numbers.set("b", BigIntegerNode.valueOf(BigInteger.TEN.pow(900)));
    StrictObject object = StrictObject.of(numbers, "", problems);

    assertThat(object.integer("a", 0, 10, 7)).isEqualTo(7);
    assertThat(object.number("a", 0, 10)).isNull();
    assertThat(object.integer("b", 0, 10, 7)).isEqualTo(7);

    assertThat(problems.found()).hasSize(3);
    assertThat(problems.found())
        .allSatisfy(problem -> assertThat(problem.toString()).hasSizeLessThan(400));
  }

  @Test
  void boundsAreIncluded() {
    StrictObject object = object("{low: 0.1, high: 86400, under: 0.0999, over: 86400.1}");
    assertThat(object.number("low", 0.1, 86_400)).isEqualTo(0.1);
    assertThat(object.number("high", 0.1, 86_400)).isEqualTo(86_400.0);
    assertThat(object.number("under", 0.1, 86_400)).isNull();
    assertThat(object.number("over", 0.1, 86_400)).isNull();
    assertThat(problems.found())
        .extracting(Problem::message)
        .containsOnly("has to be a number between 0.1 and 86400");
  }

  @Test
  void aWholeNumberMayHaveADecimalPoint() {
    assertThat(object("{n: 3.0}").integer("n", 0, 10, 7)).isEqualTo(3);
    assertThat(problems.isEmpty()).isTrue();
  }

  @Test
  void jsonNullCountsAsAbsent() {
    StrictObject object = object("{a: null}");
    assertThat(object.has("a")).isFalse();
    assertThat(object.text("a")).isNull();
    assertThat(object.bool("a", true)).isTrue();
    assertThat(object.integer("a", 0, 1, 1)).isEqualTo(1);
    assertThat(object.texts("a")).isNull();
    assertThat(object.object("a")).isNull();
    assertThat(object.constant("a", FederationStrategy.class, "strategy")).isNull();
    assertThat(object.nodeOrJsonNull("a")).isNotNull();
    object.finish();
    assertThat(problems.isEmpty()).isTrue();
  }

  @Test
  void aRequiredTextThatIsMissingIsReportedOnce() {
    assertThat(object("{}").requiredText("a")).isEmpty();
    assertThat(problems.found()).hasSize(1);
    assertThat(problems.found().get(0).message()).isEqualTo("is required");
  }

  @Test
  void aRequiredTextOfAnotherKindIsReportedOnce() {
    assertThat(object("{a: 5}").requiredId("a")).isEmpty();
    assertThat(problems.found()).hasSize(1);
  }

  @Test
  void itemsAreReadWithTheirPlaces() {
    List<String> places = new ArrayList<>();
    object("{a: [1, 2]}").items("a", (item, place) -> places.add(place));
    assertThat(places).containsExactly("place.a[0]", "place.a[1]");
  }

  @Test
  void nestedObjectsKnowTheirPlace() {
    StrictObject nested = Objects.requireNonNull(object("{a: {b: {}}}").object("a"));
    assertThat(nested.pathOf("b")).isEqualTo("place.a.b");
  }

  @Test
  void whatStandsUnderAnUnknownKeyIsShownUnlessItMayBeASecret() {
    String text = "{one: 'text', three: 3, pass: 4, list: [5], twoo: 6, apikee: 7}";
    StrictObject object = object(text);
    object.text("two");
    object.text("api_key");
    object.finish();
    assertThat(problems.found())
        .extracting(Problem::value)
        .containsExactly(json("'text'"), json("3"), null, null, json("6"), null);
  }

  @Test
  void whereSecretsMayStandNoTextIsShownUnderAnUnknownKey() {
    StrictObject.confidential(json("{one: 'text', three: 3}"), "", problems).finish();
    assertThat(problems.found()).extracting(Problem::value).containsExactly(null, json("3"));
  }

  @Test
  void aNameThatSteersATerminalIsNotRepeated() {
    object("{'one\\u001b[31m': 1}").finish();
    assertThat(problems.found().toString()).doesNotContain("\u001b");
  }

  @Test
  void longValuesAreShortened() {
    object("{a: '" + "x".repeat(10_000) + "'}").bool("a", false);
    assertThat(problems.found().get(0).toString()).hasSizeLessThan(400).contains("…");
  }

  @Test
  void aProblemReadsAsOneLine() {
    problems.addUnknown("a.b", "strategy", "nearst", List.of("nearest", "parallel"));
    assertThat(problems.found().get(0))
        .hasToString(
            "file.json: a.b: unknown strategy 'nearst'; valid: nearest, parallel (found"
                + " \"nearst\"); did you mean nearest?");
  }

  @Test
  void theExceptionCarriesEveryProblem() {
    problems.add("a", null, "is required");
    problems.add("", null, "is empty");
    assertThatThrownBy(problems::throwIfAny)
        .isInstanceOfSatisfying(
            InvalidDocumentException.class, e -> assertThat(e.problems()).hasSize(2))
        .hasMessage("file.json: a: is required\nfile.json: is empty");
  }
}
