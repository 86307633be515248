package dev.federated.aggregation;

import static dev.federated.aggregation.Outputs.aggregate;
import static dev.federated.aggregation.Outputs.best;
import static dev.federated.aggregation.Outputs.json;
import static dev.federated.aggregation.Outputs.majority;
import static dev.federated.aggregation.Outputs.merge;
import static dev.federated.aggregation.Outputs.outputs;
import static dev.federated.aggregation.Outputs.reduce;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.MergeConflict;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AggregatorTest {
  private static final AggregationOptions FIRST = AggregationOptions.of(AggregationStrategy.FIRST);
  private static final AggregationOptions ALL = AggregationOptions.of(AggregationStrategy.ALL);
  private static final AggregationOptions CONCAT =
      AggregationOptions.of(AggregationStrategy.CONCAT);

  @ParameterizedTest
  @EnumSource(AggregationStrategy.class)
  void withoutAnyOutputTheResultIsNull(AggregationStrategy strategy) throws Exception {
    assertThat(aggregate(AggregationOptions.of(strategy), List.of()).value())
        .isEqualTo(NullNode.instance);
  }

  @Nested
  class Merging {
    private final AggregationOptions last = merge(MergeConflict.LAST);
    private final AggregationOptions first = merge(MergeConflict.FIRST);
    private final AggregationOptions error = merge(MergeConflict.ERROR);
    private final AggregationOptions collect = merge(MergeConflict.COLLECT);

    @ParameterizedTest
    @ValueSource(strings = {"5", "\"text\"", "[1]", "true"})
    void anOutputThatIsNoObjectIsRefusedByTheNameOfItsRegion(String value) {
      assertThatThrownBy(() -> aggregate(last, outputs("{\"a\":1}", value)))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("region r1");
    }

    @Test
    void pythonBug9MergeNeitherDropsNonObjectsNorClobbersNestedKeys() throws Exception {
      assertThatThrownBy(() -> aggregate(last, outputs("[1]", "{\"a\":1}")))
          .hasMessageContaining("region r0")
          .hasMessageContaining("an array");
      assertThat(aggregate(last, outputs("{\"t\":{\"a\":1}}", "{\"t\":{\"b\":2}}")).value())
          .isEqualTo(json("{\"t\":{\"a\":1,\"b\":2}}"));
    }

    @Test
    void twoEqualOutputsThatAreNoObjectsAreRefusedAsWell() {
      assertThatThrownBy(() -> aggregate(last, outputs("5", "5")))
          .hasMessageContaining("region r0");
    }

    @Test
    void aSingleOutputIsTheResultWhateverItIs() throws Exception {
      assertThat(aggregate(last, outputs("5")).value()).isEqualTo(json("5"));
      assertThat(aggregate(last, outputs("null", "[1]", "null")).value()).isEqualTo(json("[1]"));
    }

    @Test
    void nullOutputsAddNothing() throws Exception {
      assertThat(aggregate(error, outputs("{\"a\":1}", "null", "{\"b\":2}")).value())
          .isEqualTo(json("{\"a\":1,\"b\":2}"));
      assertThat(aggregate(last, outputs("null", "null")).value()).isEqualTo(NullNode.instance);
    }

    @Test
    void aNullFieldIsAValue() throws Exception {
      assertThat(aggregate(last, outputs("{\"a\":1}", "{\"a\":null}")).value())
          .isEqualTo(json("{\"a\":null}"));
    }

    @Test
    void arraysReplaceEachOther() throws Exception {
      assertThat(aggregate(last, outputs("{\"a\":[1,2]}", "{\"a\":[3]}")).value())
          .isEqualTo(json("{\"a\":[3]}"));
    }

    @Test
    void lastTakesTheLaterRegionAndFirstTheEarlier() throws Exception {
      List<RegionOutput> outputs =
          outputs("{\"a\":1,\"t\":{\"x\":1}}", "{\"a\":2,\"t\":{\"x\":2,\"y\":2}}");
      assertThat(aggregate(last, outputs).value())
          .isEqualTo(json("{\"a\":2,\"t\":{\"x\":2,\"y\":2}}"));
      assertThat(aggregate(first, outputs).value())
          .isEqualTo(json("{\"a\":1,\"t\":{\"x\":1,\"y\":2}}"));
    }

    @Test
    void anObjectAndAnotherKindAreAConflict() throws Exception {
      List<RegionOutput> outputs =
          outputs("{\"a\":{\"x\":1}}", "{\"a\":5}", "{\"a\":{\"y\":2}}", "{\"a\":{\"z\":3}}");
      assertThat(aggregate(last, outputs).value()).isEqualTo(json("{\"a\":{\"y\":2,\"z\":3}}"));
      assertThat(aggregate(first, outputs).value())
          .isEqualTo(json("{\"a\":{\"x\":1,\"y\":2,\"z\":3}}"));
      assertThat(aggregate(collect, outputs).value())
          .isEqualTo(json("{\"a\":[{\"x\":1},5,{\"y\":2},{\"z\":3}]}"));
      assertThatThrownBy(() -> aggregate(error, outputs)).hasMessageContaining("field 'a'");
    }

    @Test
    void errorNamesTheFieldAndBothRegions() {
      assertThatThrownBy(
              () ->
                  aggregate(
                      error,
                      outputs(
                          "{\"t\":{\"a.b\":1}}", "{\"t\":{\"a.b\":1.0}}", "{\"t\":{\"a.b\":2}}")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("regions r0 and r2")
          .hasMessageContaining("field 't[\"a.b\"]'");
    }

    @Test
    void equalValuesAreNoConflict() throws Exception {
      List<RegionOutput> outputs = outputs("{\"a\":{\"x\":[1,2]}}", "{\"a\":{\"x\":[1.0,2e0]}}");
      assertThat(aggregate(error, outputs).value()).isEqualTo(json("{\"a\":{\"x\":[1,2]}}"));
      assertThat(aggregate(collect, outputs).value()).isEqualTo(json("{\"a\":{\"x\":[1,2]}}"));
    }

    @Test
    void collectKeepsTheValueOfEveryRegionInRegionOrder() throws Exception {
      assertThat(
              aggregate(collect, outputs("{\"a\":1}", "{\"a\":2}", "{\"b\":0}", "{\"a\":1}"))
                  .value())
          .isEqualTo(json("{\"a\":[1,2,1],\"b\":0}"));
    }

    @Test
    void keysStandInTheOrderOfTheirFirstAppearance() throws Exception {
      assertThat(aggregate(last, outputs("{\"z\":1,\"a\":1}", "{\"m\":1,\"z\":2}")).value())
          .hasToString("{\"z\":2,\"a\":1,\"m\":1}");
    }

    @Test
    void deeplyNestedObjectsAreMerged() throws Exception {
      String deep = "{\"n\":".repeat(900) + "1" + "}".repeat(900);
      assertThat(aggregate(last, outputs(deep, deep)).value()).isEqualTo(json(deep));
    }

    @Test
    void threeLargeDocumentsAndManySmallOnesAreMergedQuickly() {
      List<ObjectNode> nodes = new ArrayList<>();
      for (int region = 0; region < 3; region++) {
        ObjectNode large = JsonNodeFactory.instance.objectNode();
        for (int field = 0; field < 50_000; field++) {
          large.putObject("field-" + field).put("region-" + region, field);
        }
        nodes.add(large);
      }
      for (int region = 0; region < 600; region++) {
        nodes.add(JsonNodeFactory.instance.objectNode().put("small-" + region, region));
      }
      List<RegionOutput> outputs = Outputs.ofNodes(nodes);
      for (MergeConflict conflict : MergeConflict.values()) {
        JsonNode merged =
            assertTimeoutPreemptively(
                Duration.ofSeconds(10), () -> aggregate(merge(conflict), outputs).value());
        assertThat(merged.size()).isEqualTo(50_600);
        assertThat(merged.get("field-7").size()).isEqualTo(3);
      }
    }
  }

  @Nested
  class Reducing {
    @ParameterizedTest
    @ValueSource(strings = {"null", "\"3\"", "true", "[1]", "{\"a\":1}"})
    void pythonBug9AnOutputThatIsNoNumberIsNotDroppedSilently(String value) {
      assertThatThrownBy(() -> aggregate(reduce("sum"), outputs("1", value)))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("region r1");
    }

    @Test
    void pythonBug9AnUnknownFunctionIsAnErrorAndNotTheUnreducedList() {
      assertThatThrownBy(() -> aggregate(reduce("median"), outputs("1", "2")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("'median'")
          .hasMessageContaining("sum, avg, min, max, count");
    }

    @Test
    void objectsWithoutACommonNumberAreRefused() {
      assertThatThrownBy(() -> aggregate(reduce("sum"), outputs("{\"a\":1}", "{\"b\":1}")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("field 'a': it is missing in region r1");
      assertThatThrownBy(() -> aggregate(reduce("sum"), outputs("{}", "{}")))
          .isInstanceOf(AggregationException.class);
    }

    @Test
    void aNumberBeyondTheRangeOfJsonIsRefusedBeforeItFillsTheMemory() {
      List<RegionOutput> absurd =
          List.of(
              new RegionOutput("r0", DecimalNode.valueOf(new BigDecimal("1e1000000000"))),
              new RegionOutput("r1", DecimalNode.valueOf(new BigDecimal("1e-1000000000"))));
      for (BuiltInReduce function : BuiltInReduce.values()) {
        assertThatThrownBy(
                () ->
                    assertTimeoutPreemptively(
                        Duration.ofSeconds(5),
                        () -> aggregate(reduce(function.wireName()), absurd)))
            .isInstanceOf(AggregationException.class)
            .hasMessageContaining("region r0")
            .hasMessageContaining("out of range");
      }
      assertThatThrownBy(() -> aggregate(reduce("sum"), outputs("1e400", "1")))
          .hasMessageContaining("region r0");
      assertThatThrownBy(() -> aggregate(reduce("sum"), outputs("1.7e308", "1.7e308")))
          .hasMessageContaining("beyond the range");
    }

    @ParameterizedTest
    @CsvSource({
      "sum, 0.1, 0.2, 0.3",
      "sum, 1, 2, 3",
      "sum, 1.5, 1.5, 3.0",
      "sum, 1, 2.0, 3.0",
      "sum, 2147483647, 1, 2147483648",
      "sum, 9223372036854775807, 1, 9223372036854775808",
      "sum, 100000000000000000, 0.1, 100000000000000000.1",
      "avg, 1, 2, 1.5",
      "avg, 1, 3, 2",
      "avg, 0.1, 0.2, 0.15",
      "avg, 9007199254740993, 9007199254740993, 9007199254740993",
      "min, 3, -2, -2",
      "max, 3, 3.5, 3.5",
      "max, 1e300, 1, 1.0E300",
      "count, 7, 7, 2",
      "count, 7.5, 7, 2",
      "SUM, 1, 2, 3",
    })
    void numbersAreReducedExactly(String function, String a, String b, String expected)
        throws Exception {
      assertThat(aggregate(reduce(function), outputs(a, b)).value()).hasToString(expected);
    }

    @Test
    void aMeanWithoutEndHas16Digits() throws Exception {
      assertThat(aggregate(reduce("avg"), outputs("1", "0", "0")).value())
          .hasToString("0.3333333333333333");
    }

    @Test
    void aFloatCountsAsItIsWritten() throws Exception {
      List<RegionOutput> floats =
          Outputs.ofNodes(List.of(FloatNode.valueOf(0.1f), DoubleNode.valueOf(0.2)));
      assertThat(aggregate(reduce("sum"), floats).value()).hasToString("0.3");
    }

    @Test
    void objectsAreReducedFieldByFieldAndTheRestIsNamed() throws Exception {
      Aggregated reduced =
          aggregate(
              reduce("sum"),
              outputs(
                  "{\"n\":1,\"name\":\"a\",\"t\":{\"x\":1,\"y\":2},\"only0\":1,\"mixed\":1}",
                  "{\"n\":2,\"name\":\"b\",\"t\":{\"x\":3,\"z\":2},\"only1\":1,\"mixed\":{}}"));
      assertThat(reduced.value()).isEqualTo(json("{\"n\":3,\"t\":{\"x\":4}}"));
      assertThat(reduced.warnings())
          .containsExactly(
              "reduce left out field 'name': it is a text in region r0",
              "reduce left out field 't.y': it is missing in region r1",
              "reduce left out field 't.z': it is missing in region r0",
              "reduce left out field 'only0': it is missing in region r1",
              "reduce left out field 'mixed': it is an object in region r1",
              "reduce left out field 'only1': it is missing in region r0");
    }

    @Test
    void aNullFieldIsNoNumber() throws Exception {
      Aggregated reduced =
          aggregate(reduce("sum"), outputs("{\"n\":1,\"m\":1}", "{\"n\":2,\"m\":null}"));
      assertThat(reduced.value()).isEqualTo(json("{\"n\":3}"));
      assertThat(reduced.warnings())
          .containsExactly("reduce left out field 'm': it is null in region r1");
    }

    @Test
    void countCountsTheRegionsOfEachField() throws Exception {
      assertThat(
              aggregate(reduce("count"), outputs("{\"n\":1.5}", "{\"n\":2}", "{\"n\":0}")).value())
          .hasToString("{\"n\":3}");
    }

    @Test
    void warningsStayFew() throws Exception {
      ObjectNode many = JsonNodeFactory.instance.objectNode().put("n", 1);
      for (int i = 0; i < 10_000; i++) {
        many.put("text-" + i, "x");
      }
      many.put("x".repeat(100_000), "x");
      List<String> warnings =
          aggregate(reduce("sum"), Outputs.ofNodes(List.of(many, many))).warnings();
      assertThat(warnings).hasSize(101).last().asString().contains("9901 more");
      assertThat(warnings).allSatisfy(warning -> assertThat(warning).hasSizeLessThan(400));
    }

    @Test
    void aRegisteredFunctionSeesTheNumbersInRegionOrder() throws Exception {
      Aggregator aggregator =
          new Aggregator(Map.of("last", function("last", numbers -> numbers.get(2))));
      assertThat(aggregator.aggregate(reduce("last"), outputs("1", "2", "3"), null).value())
          .isEqualTo(json("3"));
      assertThat(Aggregator.builtIn(reduce("last"))).isFalse();
      assertThat(Aggregator.builtIn(reduce("sum"))).isTrue();
    }

    @Test
    void aRegisteredFunctionThatFailsFailsTheAggregationOnly() {
      Aggregator aggregator =
          new Aggregator(
              Map.of(
                  "bad",
                  function(
                      "bad",
                      numbers -> {
                        throw new IllegalStateException("no");
                      }),
                  "huge",
                  function("huge", numbers -> new BigDecimal("1e1000000000"))));
      assertThatThrownBy(() -> aggregator.aggregate(reduce("bad"), outputs("{\"n\":1}"), null))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("reduce function bad of field 'n' failed");
      assertThatThrownBy(() -> aggregator.aggregate(reduce("huge"), outputs("1"), null))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("beyond the range");
    }

    @Test
    void aRegisteredFunctionCannotTakeTheNameOfABuiltInOne() {
      assertThatThrownBy(
              () -> new Aggregator(Map.of("sum", function("sum", numbers -> BigDecimal.ONE))))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("'sum'");
    }

    private ReduceFunction function(
        String name, java.util.function.Function<List<BigDecimal>, BigDecimal> body) {
      return new ReduceFunction() {
        @Override
        public String name() {
          return name;
        }

        @Override
        public BigDecimal reduce(List<BigDecimal> numbers) {
          return body.apply(numbers);
        }
      };
    }
  }

  @Nested
  class First {
    @Test
    void aWinnerThatDidNotSucceedIsRefused() {
      assertThatThrownBy(() -> Aggregator.BUILT_IN.aggregate(FIRST, outputs("1"), "r9"))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("r9");
    }

    @Test
    void pythonBug7TheFirstByTimeWinsAndNotTheFirstOfTheList() throws Exception {
      assertThat(Aggregator.BUILT_IN.aggregate(FIRST, outputs("1", "2", "3"), "r2").value())
          .isEqualTo(json("3"));
    }

    @Test
    void pythonBug7ANullSuccessIsNotSkipped() throws Exception {
      assertThat(Aggregator.BUILT_IN.aggregate(FIRST, outputs("null", "2"), "r0").value())
          .isEqualTo(NullNode.instance);
    }

    @Test
    void withoutAKnownWinnerTheFirstOfTheListIsTaken() throws Exception {
      assertThat(aggregate(FIRST, outputs("1", "2")).value()).isEqualTo(json("1"));
    }
  }

  @Nested
  class Voting {
    @Test
    void pythonBug8WithoutMoreThanHalfThereIsNoRequiredMajority() {
      assertThatThrownBy(
              () -> aggregate(majority(null, true), outputs("\"a\"", "\"a\"", "\"b\"", "\"c\"")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("4 votes")
          .hasMessageContaining("2 for the value of r0 and 1 more")
          .hasMessageContaining("1 for the value of r2");
    }

    @Test
    void pythonBug8AnObjectThatWinsStaysAnObject() throws Exception {
      assertThat(
              aggregate(
                      majority(null, true),
                      outputs("{\"a\":1,\"b\":2}", "{\"b\":2.0,\"a\":1.0}", "{\"a\":9}"))
                  .value())
          .isEqualTo(json("{\"a\":1,\"b\":2}"));
    }

    @Test
    void pythonBug8ATieGoesToTheEarliestRegion() throws Exception {
      assertThat(aggregate(majority(null, false), outputs("2", "1", "1", "2")).value())
          .isEqualTo(json("2"));
    }

    @Test
    void nullIsAVote() throws Exception {
      assertThat(aggregate(majority(null, true), outputs("null", "1", "null")).value())
          .isEqualTo(NullNode.instance);
    }

    @Test
    void withoutAnyVoteFieldThereIsNoVote() {
      assertThatThrownBy(
              () -> aggregate(majority("label", false), outputs("{\"a\":1}", "5", "null")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("'label'");
    }

    @Test
    void aRegionWithoutTheVoteFieldIsLeftOutWithAWarning() throws Exception {
      Aggregated result =
          aggregate(
              majority("label", true),
              outputs("{}", "{\"label\":\"cat\",\"by\":1}", "{\"label\":\"cat\",\"by\":2}", "7"));
      assertThat(result.value()).isEqualTo(json("{\"label\":\"cat\",\"by\":1}"));
      assertThat(result.warnings())
          .containsExactly(
              "majority left out region r0: its output has no field 'label'",
              "majority left out region r3: its output has no field 'label'");
    }

    @Test
    void regionsThatAreLeftOutDoNotCountForTheRequiredMajority() throws Exception {
      assertThat(aggregate(majority("v", true), outputs("{\"v\":1}", "{}", "{}")).value())
          .isEqualTo(json("{\"v\":1}"));
    }

    @Test
    void aNullVoteFieldIsAVote() throws Exception {
      assertThat(
              aggregate(majority("v", true), outputs("{\"v\":null}", "{\"v\":null}", "{\"v\":1}"))
                  .warnings())
          .isEmpty();
    }

    @Test
    void aDotIsPartOfTheNameOfTheVoteField() throws Exception {
      assertThat(
              aggregate(
                      majority("a.b", true),
                      outputs("{\"a.b\":1}", "{\"a\":{\"b\":2}}", "{\"a.b\":1}"))
                  .warnings())
          .hasSize(1);
    }

    @Test
    void halfIsNotAMajority() {
      assertThatThrownBy(() -> aggregate(majority(null, true), outputs("1", "2")))
          .isInstanceOf(AggregationException.class);
    }

    @ParameterizedTest
    @CsvSource(
        delimiter = '|',
        value = {
          "1 | 1.0 | true",
          "0 | -0.0 | true",
          "100 | 1e2 | true",
          "0.10 | 1e-1 | true",
          "1 | true | false",
          "1 | \"1\" | false",
          "null | \"null\" | false",
          "0 | null | false",
          "10 | 1 | false",
          "[1,2] | [2,1] | false",
          "[1,2] | [12] | false",
          "[] | {} | false",
          "{\"a\":{\"b\":1,\"c\":2}} | {\"a\":{\"c\":2.0,\"b\":1}} | true",
          "{\"a\":null} | {} | false",
          "{\"a\":\"b\"} | {\"a\\\"b\":\"\"} | false",
        })
    void equalityIsThatOfJson(String a, String b, boolean equal) {
      assertThat(CanonicalJson.of(json(a)).equals(CanonicalJson.of(json(b)))).isEqualTo(equal);
    }

    @Test
    void absurdExponentsAreComparedWithoutBeingWrittenOut() throws Exception {
      List<RegionOutput> outputs =
          Outputs.ofNodes(
              List.of(
                  DecimalNode.valueOf(new BigDecimal("1e1000000000")),
                  DecimalNode.valueOf(new BigDecimal("10e999999999")),
                  DecimalNode.valueOf(new BigDecimal("100e2147483647"))));
      assertThat(
              assertTimeoutPreemptively(
                      Duration.ofSeconds(5), () -> aggregate(majority(null, true), outputs))
                  .value())
          .isEqualTo(outputs.get(0).output());
    }

    @Test
    void manyLargeVotesAreCountedQuickly() {
      List<ObjectNode> nodes = new ArrayList<>();
      for (int region = 0; region < 600; region++) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("text", "x".repeat(5_000)).put("vote", region);
        nodes.add(node);
      }
      List<RegionOutput> outputs = Outputs.ofNodes(nodes);
      assertThat(
              assertTimeoutPreemptively(
                      Duration.ofSeconds(10), () -> aggregate(majority(null, false), outputs))
                  .value())
          .isEqualTo(nodes.get(0));
    }
  }

  @Nested
  class Best {
    @Test
    void withoutAnyScoreThereIsNoBest() {
      assertThatThrownBy(() -> aggregate(best("score"), outputs("{\"score\":\"9\"}", "null", "5")))
          .isInstanceOf(AggregationException.class)
          .hasMessageContaining("'score'");
    }

    @Test
    void aRegionWithoutANumericScoreIsLeftOutWithAWarning() throws Exception {
      Aggregated result =
          aggregate(
              best("score"),
              outputs("{}", "{\"score\":-1}", "{\"score\":\"9\"}", "{\"score\":null}"));
      assertThat(result.value()).isEqualTo(json("{\"score\":-1}"));
      assertThat(result.warnings())
          .containsExactly(
              "best left out region r0: its output has no field 'score'",
              "best left out region r2: its field 'score' is a text",
              "best left out region r3: its field 'score' is null");
    }

    @Test
    void theHighestScoreWinsAndATieGoesToTheEarliestRegion() throws Exception {
      assertThat(
              aggregate(
                      best("s"),
                      outputs("{\"s\":9.5}", "{\"s\":10,\"r\":1}", "{\"s\":10.0,\"r\":2}"))
                  .value())
          .isEqualTo(json("{\"s\":10,\"r\":1}"));
    }
  }

  @Nested
  class Collecting {
    @Test
    void allIsAnArrayInRegionOrderWithNulls() throws Exception {
      assertThat(aggregate(ALL, outputs("1", "null", "[2]", "{}")).value())
          .isEqualTo(json("[1,null,[2],{}]"));
    }

    @Test
    void concatJoinsArraysAndAppendsOtherValues() throws Exception {
      assertThat(aggregate(CONCAT, outputs("[1,[2]]", "3", "[]", "{\"a\":4}", "null")).value())
          .isEqualTo(json("[1,[2],3,{\"a\":4},null]"));
    }

    @Test
    void oneRegionIsStillAnArray() throws Exception {
      assertThat(aggregate(ALL, outputs("1")).value()).isEqualTo(json("[1]"));
      assertThat(aggregate(CONCAT, outputs("1")).value()).isEqualTo(json("[1]"));
    }
  }
}
