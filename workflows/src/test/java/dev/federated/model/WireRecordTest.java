package dev.federated.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.temporal.common.converter.JacksonJsonPayloadConverter;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What is recorded in histories is read again as it was, by Temporal's mapper and by a plain one.
 */
class WireRecordTest {
  enum Mapper {
    PLAIN(new ObjectMapper()),
    TEMPORAL(JacksonJsonPayloadConverter.newDefaultObjectMapper());

    @SuppressWarnings("ImmutableEnumChecker") // neither mapper is reconfigured
    final ObjectMapper json;

    Mapper(ObjectMapper json) {
      this.json = json;
    }
  }

  static final RegionError ERROR =
      new RegionError(FailureType.REGION_OVERLOADED, "us answered 429", true, 429, 7L);

  static final FederatedStageConfig FULL_BLOCK =
      FederatedStageConfig.builder()
          .strategy(FederationStrategy.LEAST_LOADED)
          .regions(List.of("us", "eu"))
          .aggregation(AggregationStrategy.MAJORITY)
          .dataLocality(true)
          .dataLocation(DataLocation.at(new GeoPoint(0, 0)))
          .sourceLocation(new GeoPoint(-33.9, 151.2))
          .dataSizeBytes(5_000_000_000L)
          .expectedTokens(7)
          .timeoutSeconds(0.5)
          .queueTimeoutSeconds(1.5)
          .totalTimeoutSeconds(2.5)
          .retryOnFailure(false)
          .maxRetries(0)
          .retryDelaySeconds(0)
          .fallbackRegion("ap")
          .requiredTags(List.of("gpu"))
          .residency(List.of("us"))
          .minRegions(2)
          .maxParallel(3)
          .onPartialFailure(PartialFailurePolicy.FAIL)
          .reduceFunction("max")
          .scoreField("s")
          .voteField("v")
          .requireMajority(true)
          .mergeConflict(MergeConflict.COLLECT)
          .maxCost(0.5)
          .build();

  static final List<Object> RECORDS =
      List.of(
          FederatedStageConfig.builder().build(),
          FULL_BLOCK,
          FULL_BLOCK.toBuilder().dataLocation(DataLocation.inRegion("us")).build(),
          DataLocation.inRegion("us"),
          DataLocation.of(
              Map.of(
                  "a", DataSet.inRegion("us", 5_000_000_000L),
                  "b", DataSet.at(new GeoPoint(0, -0.5), 1))),
          Residency.inRegions(List.of("us", "eu")),
          Residency.inTags(List.of("eu", "gdpr")),
          FederatedStageConfig.builder()
              .residency(Residency.inTags(List.of("eu")))
              .distribution(Distribution.PARTITION)
              .partitionItems("a.b")
              .partitionBy(PartitionBy.LOCATION)
              .partitionLocation("at")
              .build(),
          FederatedStageConfig.builder()
              .regionInputs(
                  Map.of("us", NullNode.instance, "eu", JsonNodeFactory.instance.numberNode(5)))
              .build(),
          FederatedStageConfig.builder()
              .requireAvailable(3)
              .maxRegions(5)
              .graceSeconds(0.5)
              .toleratedFailures(ToleratedFailures.ofPercent(12.5))
              .onLateResult(LateResultPolicy.APPEND)
              .stopOnFailure(true)
              .pauseSeconds(600.0)
              .healthGate(true)
              .priority(1)
              .fairnessKey("tenant")
              .fairnessWeight(2.0)
              .build(),
          ToleratedFailures.of(2),
          ItemRanges.NONE,
          ItemRanges.parse("0-4,7"),
          RegionResult.notCalled("us", RegionStatus.SKIPPED, null).withItems(ItemRanges.NONE),
          DataLocation.at(new GeoPoint(0, -0.5)),
          new GeoPoint(90, -180),
          ERROR,
          RegionError.of(FailureType.NO_WORKER_IN_REGION, "nobody polls federation.us"),
          succeeded(JsonNodeFactory.instance.objectNode().put("a", 1)),
          succeeded(NullNode.instance),
          succeeded(null),
          RegionResult.notCalled("us", RegionStatus.SKIPPED, null),
          new RegionResult(
              "us",
              "eu",
              RegionStatus.FAILED,
              null,
              ERROR,
              3,
              List.of(new Hop("us", 2, ERROR)),
              12,
              5,
              0.25,
              true,
              1,
              0.2,
              null,
              List.of(
                  new HedgedExecution("us", HedgeOutcome.LOST, 0, 90, 1, 0.1, true, null),
                  new HedgedExecution("eu", HedgeOutcome.FAILED, 50, 9, 1, 0, null, ERROR))),
          Hedge.afterSeconds(0.5).withMax(2).withMaxExtraLoad(0).waitingForLosers(),
          FederatedStageConfig.builder()
              .hedge(Hedge.afterPercentile(99.9))
              .idempotent(true)
              .build(),
          AggregationOptions.of(AggregationStrategy.BEST),
          FULL_BLOCK.aggregationOptions(AggregationStrategy.MAJORITY),
          new RoutingDecision(
              FederationStrategy.NEAREST,
              List.of("us"),
              "12 km",
              List.of(
                  new Candidate("us", true, 12.5, "12 km", 0.01),
                  new Candidate("eu", false, null, "drained"))),
          new StageRequest(
              "process",
              "transformer",
              JsonNodeFactory.instance.objectNode(),
              NullNode.instance,
              FULL_BLOCK),
          new WorldSnapshot(
              List.of(RegionSnapshot.builder("us").build()),
              null,
              null,
              null,
              null,
              null,
              null,
              CircuitBreakerConfig.DEFAULT,
              FederationConfig.DEFAULT_MAX_OUTPUT_BYTES,
              false,
              "digest"),
          new WorldSnapshot(
              List.of(fullRegion("us"), fullRegion("eu")),
              fullRegion("ap"),
              fullRegion("sa"),
              List.of("mars"),
              FederationStrategy.SEQUENTIAL,
              AggregationStrategy.CONCAT,
              null,
              new CircuitBreakerConfig(1, 0.1),
              1,
              true,
              "digest",
              List.of(fullRegion("af")),
              true,
              true,
              7L,
              3,
              true,
              3_400_000));

  static Stream<Arguments> recordsByMapper() {
    return RECORDS.stream()
        .flatMap(record -> Stream.of(Mapper.values()).map(m -> Arguments.of(m, record)));
  }

  @ParameterizedTest
  @MethodSource("recordsByMapper")
  void aRecordIsReadAsItWasWritten(Mapper mapper, Object record) throws Exception {
    String json = mapper.json.writeValueAsString(record);

    assertThat(mapper.json.readValue(json, record.getClass())).isEqualTo(record);
    // Written by one, read by the other: a starter need not use Temporal's mapper.
    for (Mapper other : Mapper.values()) {
      assertThat(other.json.readValue(json, record.getClass())).isEqualTo(record);
    }
  }

  @ParameterizedTest
  @MethodSource("recordsByMapper")
  void fieldsOfALaterVersionAreIgnored(Mapper mapper, Object record) throws Exception {
    JsonNode json = mapper.json.valueToTree(record);

    addUnknownFields(json);

    // What a component or a region gave is not ours to ignore fields of.
    if (!(record instanceof StageRequest) && !(record instanceof RegionResult)) {
      assertThat((Object) mapper.json.treeToValue(json, record.getClass())).isEqualTo(record);
    } else {
      assertThat((Object) mapper.json.treeToValue(json, record.getClass())).isNotNull();
    }
  }

  @ParameterizedTest
  @FieldSource("RECORDS")
  void namesInJsonAreSnakeCase(Object record) {
    assertThat(new ObjectMapper().valueToTree(record).toString())
        .doesNotContainPattern("\"[a-z0-9_]*[A-Z][A-Za-z0-9_]*\":");
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void pythonBug7ANullSuccessSurvivesRecordingAsAnOutput(Mapper mapper) throws Exception {
    RegionResult read =
        mapper.json.readValue(
            mapper.json.writeValueAsString(succeeded(NullNode.instance)), RegionResult.class);

    assertThat(read.output()).isEqualTo(NullNode.instance);
    assertThat(mapper.json.<JsonNode>valueToTree(read).has("output")).isTrue();
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void aSuccessWithoutTheFieldHasTheOutputNull(Mapper mapper) throws Exception {
    ObjectNode json = mapper.json.valueToTree(succeeded(NullNode.instance));
    json.remove("output");

    assertThat(mapper.json.treeToValue(json, RegionResult.class).output())
        .isEqualTo(NullNode.instance);
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void aFailedShareHasNoOutput(Mapper mapper) throws Exception {
    String json =
        mapper.json.writeValueAsString(RegionResult.notCalled("us", RegionStatus.FAILED, ERROR));

    assertThat(json).contains("\"output\":null");
    assertThat(mapper.json.readValue(json, RegionResult.class).output()).isNull();
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void anEmptyBlockReadsAsTheDefaults(Mapper mapper) throws Exception {
    assertThat(mapper.json.readValue("{}", FederatedStageConfig.class))
        .isEqualTo(FederatedStageConfig.builder().build());
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void aDataLocationWithoutAPlaceIsNotTakenForZeroDegrees(Mapper mapper) {
    for (String json : List.of("{}", "{\"lat\":1}", "{\"lat\":\"1\",\"lon\":2}", "[1,2]", "5")) {
      assertThatThrownBy(() -> mapper.json.readValue(json, DataLocation.class))
          .hasMessageContaining("lat and lon");
    }
  }

  @ParameterizedTest
  @EnumSource(Mapper.class)
  void pricesOfMovesToSingleRegionsAreReadBack(Mapper mapper) throws Exception {
    RegionSnapshot region =
        RegionSnapshot.builder("us").egressCostPerGbTo(Map.of("eu", 0.02)).build();

    String json = mapper.json.writeValueAsString(region);

    assertThat(json).contains("\"egress_cost_per_gb_to\":{\"eu\":0.02}");
    assertThat(mapper.json.readValue(json, RegionSnapshot.class)).isEqualTo(region);
  }

  private static RegionResult succeeded(@Nullable JsonNode output) {
    return new RegionResult(
        "us", "us", RegionStatus.SUCCEEDED, output, null, 1, List.of(), 12, 0, 0.01, false);
  }

  private static RegionSnapshot fullRegion(String name) {
    return RegionSnapshot.builder(name)
        .enabled(true)
        .drained(false)
        .tags(List.of("gpu"))
        .priority(1)
        .weight(0.5)
        .maxConcurrent(10)
        .timeoutSeconds(0.1)
        .latitude(0.0)
        .longitude(-180.0)
        .costPerExecution(0.0)
        .costPerToken(1e-9)
        .egressCostPerGb(0.09)
        .circuit(CircuitState.HALF_OPEN)
        .online(false)
        .polled(true)
        .latencyMs(1.5)
        .inFlight(0.5)
        .backlog(Long.MAX_VALUE)
        .picks(2)
        .turn(-0.25)
        .meanTokens(0.5)
        .hedgeAfterMs(0.5)
        .honoursKey(true)
        .nexusEndpoint("eu")
        .build();
  }

  private static void addUnknownFields(JsonNode node) {
    if (node instanceof ArrayNode) {
      node.forEach(WireRecordTest::addUnknownFields);
    } else if (node instanceof ObjectNode object) {
      for (Map.Entry<String, JsonNode> field : object.properties()) {
        // Their keys are names and their values may be anything.
        if (!Set.of("datasets", "region_inputs").contains(field.getKey())) {
          addUnknownFields(field.getValue());
        }
      }
      object.putObject("from_a_later_version").put("x", 1);
    }
  }
}
