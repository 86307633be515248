package dev.federated.aggregation;

import static dev.federated.aggregation.Outputs.aggregate;
import static dev.federated.aggregation.Outputs.majority;
import static dev.federated.aggregation.Outputs.merge;
import static dev.federated.aggregation.Outputs.ofNodes;
import static dev.federated.aggregation.Outputs.reduce;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.MergeConflict;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class AggregatorPropertyTest {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  @Property(tries = 100)
  void mergeOfDisjointObjectsDoesNotDependOnTheOrder(
      @ForAll("objectLists") List<ObjectNode> objects, @ForAll Random random) throws Exception {
    List<ObjectNode> disjoint = new ArrayList<>();
    for (ObjectNode object : objects) {
      disjoint.add(NODES.objectNode().set("own-" + disjoint.size(), object));
    }
    List<ObjectNode> shuffled = new ArrayList<>(disjoint);
    Collections.shuffle(shuffled, random);
    for (MergeConflict conflict : MergeConflict.values()) {
      assertThat(aggregate(merge(conflict), ofNodes(shuffled)).value())
          .isEqualTo(aggregate(merge(conflict), ofNodes(disjoint)).value());
    }
  }

  @Property(tries = 200)
  void mergeEqualsMergingRegionByRegion(@ForAll("objectLists") List<ObjectNode> objects)
      throws Exception {
    for (boolean last : List.of(true, false)) {
      JsonNode expected = objects.get(0);
      for (ObjectNode object : objects.subList(1, objects.size())) {
        expected = mergedPair(expected, object, last);
      }
      MergeConflict conflict = last ? MergeConflict.LAST : MergeConflict.FIRST;
      assertThat(aggregate(merge(conflict), ofNodes(objects)).value()).isEqualTo(expected);
    }
  }

  @Property(tries = 100)
  void mergeOfOneObjectWithItselfIsThatObject(@ForAll("objects") ObjectNode object)
      throws Exception {
    for (MergeConflict conflict : MergeConflict.values()) {
      assertThat(aggregate(merge(conflict), ofNodes(List.of(object, object, object))).value())
          .isEqualTo(object);
    }
  }

  @Property(tries = 200)
  void errorFailsExactlyWhereFirstAndLastDiffer(@ForAll("objectLists") List<ObjectNode> objects)
      throws Exception {
    List<RegionOutput> outputs = ofNodes(List.of(objects.get(0), objects.get(objects.size() - 1)));
    boolean differ =
        !equal(
            aggregate(merge(MergeConflict.FIRST), outputs).value(),
            aggregate(merge(MergeConflict.LAST), outputs).value());
    boolean failed = false;
    try {
      aggregate(merge(MergeConflict.ERROR), outputs);
    } catch (AggregationException e) {
      failed = true;
    }
    assertThat(failed).isEqualTo(differ);
  }

  @Property(tries = 200)
  void majorityEqualsABruteForceCount(
      @ForAll @Size(min = 1, max = 12) List<@IntRange(max = 4) Integer> votes) throws Exception {
    List<JsonNode> nodes = new ArrayList<>();
    for (int vote : votes) {
      // The same number in two forms, in a changing order of keys.
      ObjectNode node = NODES.objectNode();
      if (nodes.size() % 2 == 0) {
        node.put("v", vote).put("k", "x");
      } else {
        node.put("k", "x").put("v", (double) vote);
      }
      nodes.add(node);
    }
    int expected = 0;
    for (int i = 0; i < votes.size(); i++) {
      if (Collections.frequency(votes, votes.get(i))
          > Collections.frequency(votes, votes.get(expected))) {
        expected = i;
      }
    }
    assertThat(aggregate(majority(null, false), ofNodes(nodes)).value())
        .isSameAs(nodes.get(expected));
    assertThat(aggregate(majority("v", false), ofNodes(nodes)).value())
        .isSameAs(nodes.get(expected));

    boolean more = Collections.frequency(votes, votes.get(expected)) * 2 > votes.size();
    boolean accepted = true;
    try {
      aggregate(majority("v", true), ofNodes(nodes));
    } catch (AggregationException e) {
      accepted = false;
    }
    assertThat(accepted).isEqualTo(more);
  }

  @Property(tries = 100)
  void reduceOverObjectsEqualsReducePerField(
      @ForAll @Size(min = 1, max = 6) List<@Size(3) List<@DoubleRange(min = -1e300, max = 1e300) Double>> rows,
      @ForAll BuiltInReduce function)
      throws Exception {
    List<ObjectNode> objects = new ArrayList<>();
    for (List<Double> row : rows) {
      ObjectNode object = NODES.objectNode().put("a", row.get(0)).put("b", row.get(1));
      object.putObject("t").put("c", row.get(2));
      objects.add(object);
    }
    JsonNode reduced = aggregate(reduce(function.wireName()), ofNodes(objects)).value();
    for (String pointer : List.of("/a", "/b", "/t/c")) {
      List<JsonNode> column = objects.stream().map(object -> object.at(pointer)).toList();
      assertThat(reduced.at(pointer))
          .isEqualTo(aggregate(reduce(function.wireName()), ofNodes(column)).value());
    }
  }

  @Property(tries = 100)
  void sumOfIntegersIsTheExactIntegerInAnyOrder(
      @ForAll @Size(min = 1, max = 20) List<Long> numbers, @ForAll Random random) throws Exception {
    BigDecimal expected =
        numbers.stream().map(BigDecimal::valueOf).reduce(BigDecimal.ZERO, BigDecimal::add);
    List<Long> shuffled = new ArrayList<>(numbers);
    Collections.shuffle(shuffled, random);
    JsonNode sum = aggregate(reduce("sum"), ofNodes(longs(shuffled))).value();
    assertThat(sum.isIntegralNumber()).isTrue();
    assertThat(sum.decimalValue()).isEqualByComparingTo(expected);
  }

  @Property(tries = 100)
  void theMeanLiesBetweenMinAndMax(@ForAll @Size(min = 1, max = 20) List<Long> numbers)
      throws Exception {
    List<RegionOutput> outputs = ofNodes(longs(numbers));
    BigDecimal mean = aggregate(reduce("avg"), outputs).value().decimalValue();
    BigDecimal tolerance = mean.abs().movePointLeft(15);
    assertThat(mean.add(tolerance))
        .isGreaterThanOrEqualTo(aggregate(reduce("min"), outputs).value().decimalValue());
    assertThat(mean.subtract(tolerance))
        .isLessThanOrEqualTo(aggregate(reduce("max"), outputs).value().decimalValue());
  }

  @Property(tries = 100)
  void concatHasTheLengthOfItsParts(@ForAll("valueLists") List<JsonNode> values) throws Exception {
    int expected = values.stream().mapToInt(value -> value.isArray() ? value.size() : 1).sum();
    assertThat(
            aggregate(AggregationOptions.of(AggregationStrategy.CONCAT), ofNodes(values)).value())
        .hasSize(expected);
  }

  @Property(tries = 100)
  void allHoldsEveryOutputInRegionOrder(@ForAll("valueLists") List<JsonNode> values)
      throws Exception {
    assertThat(aggregate(AggregationOptions.of(AggregationStrategy.ALL), ofNodes(values)).value())
        .containsExactlyElementsOf(values);
  }

  @Property(tries = 200)
  void noAggregationChangesItsInputsAndEachGivesTheSameAgainAfterRecording(
      @ForAll("valueLists") List<JsonNode> values,
      @ForAll AggregationStrategy strategy,
      @ForAll MergeConflict conflict)
      throws Exception {
    String before = values.toString();
    List<JsonNode> recorded = new ArrayList<>();
    for (JsonNode value : values) {
      recorded.add(new ObjectMapper().readTree(value.toString()));
    }
    AggregationOptions options = new AggregationOptions(strategy, conflict, "sum", "a", "b", false);

    String result = textOrMessage(options, values);

    assertThat(values).hasToString(before);
    assertThat(textOrMessage(options, recorded)).isEqualTo(result);
  }

  @Property(tries = 200)
  void canonicalTextsAreEqualExactlyForEqualValues(
      @ForAll("values") JsonNode a, @ForAll("values") JsonNode b) {
    assertThat(CanonicalJson.of(a).equals(CanonicalJson.of(b))).isEqualTo(equal(a, b));
    assertThat(CanonicalJson.of(a)).isEqualTo(CanonicalJson.of(reordered(a)));
  }

  @Provide
  Arbitrary<JsonNode> values() {
    Arbitrary<JsonNode> scalars =
        Arbitraries.oneOf(
            Arbitraries.integers().between(-2, 2).map(NODES::numberNode),
            Arbitraries.of(0.0, 1.0, 0.5, -1e20, 3e-7).map(NODES::numberNode),
            Arbitraries.of("", "a", "1", "null", "\"{").map(NODES::textNode),
            Arbitraries.of(true, false).map(NODES::booleanNode),
            Arbitraries.just(NODES.nullNode()));
    return Arbitraries.recursive(() -> scalars, AggregatorPropertyTest::containers, 0, 3);
  }

  private static Arbitrary<JsonNode> containers(Arbitrary<JsonNode> items) {
    return Arbitraries.oneOf(
        items.list().ofMaxSize(3).map(AggregatorPropertyTest::array),
        Arbitraries.maps(Arbitraries.of("a", "b", "c"), items)
            .ofMaxSize(3)
            .map(AggregatorPropertyTest::object));
  }

  @Provide
  Arbitrary<ObjectNode> objects() {
    return Arbitraries.maps(Arbitraries.of("a", "b", "c", "d"), values())
        .ofMaxSize(4)
        .map(AggregatorPropertyTest::object);
  }

  @Provide
  Arbitrary<List<ObjectNode>> objectLists() {
    return objects().list().ofMinSize(2).ofMaxSize(5);
  }

  @Provide
  Arbitrary<List<JsonNode>> valueLists() {
    return values().list().ofMinSize(1).ofMaxSize(5);
  }

  private static JsonNode mergedPair(JsonNode a, JsonNode b, boolean last) {
    if (!a.isObject() || !b.isObject()) {
      return last ? b : a;
    }
    ObjectNode merged = a.deepCopy();
    for (Map.Entry<String, JsonNode> field : b.properties()) {
      JsonNode mine = merged.get(field.getKey());
      merged.set(
          field.getKey(),
          mine == null ? field.getValue() : mergedPair(mine, field.getValue(), last));
    }
    return merged;
  }

  private static boolean equal(JsonNode a, JsonNode b) {
    return a.equals(
        (x, y) ->
            x.isNumber() && y.isNumber()
                ? x.decimalValue().compareTo(y.decimalValue())
                : x.equals(y) ? 0 : 1,
        b);
  }

  private static JsonNode reordered(JsonNode node) {
    if (node.isArray()) {
      List<JsonNode> items = new ArrayList<>();
      node.forEach(item -> items.add(reordered(item)));
      return array(items);
    }
    if (!node.isObject()) {
      return node;
    }
    List<Map.Entry<String, JsonNode>> fields = new ArrayList<>(node.properties());
    Collections.reverse(fields);
    ObjectNode reordered = NODES.objectNode();
    fields.forEach(field -> reordered.set(field.getKey(), reordered(field.getValue())));
    return reordered;
  }

  private static String textOrMessage(AggregationOptions options, List<JsonNode> values) {
    try {
      Aggregated result = aggregate(options, ofNodes(values));
      return result.value() + " " + result.warnings();
    } catch (AggregationException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private static List<JsonNode> longs(List<Long> numbers) {
    List<JsonNode> nodes = new ArrayList<>();
    numbers.forEach(number -> nodes.add(NODES.numberNode(number)));
    return nodes;
  }

  private static JsonNode array(List<JsonNode> items) {
    ArrayNode array = NODES.arrayNode();
    items.forEach(array::add);
    return array;
  }

  private static ObjectNode object(Map<String, JsonNode> fields) {
    ObjectNode object = NODES.objectNode();
    fields.forEach(object::set);
    return object;
  }
}
