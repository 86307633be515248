package dev.federated.starter;

import static dev.federated.starter.FederationEnvironment.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionConfig;
import dev.federated.model.RoutingDecision;
import dev.federated.routing.Distance;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DataRouterTest {
  private static final GeoPoint NEW_YORK = new GeoPoint(40.7128, -74.006);
  private static final GeoPoint BERLIN = new GeoPoint(52.52, 13.405);

  private static final RegionConfig US =
      RegionConfig.builder("us").latitude(38.95).longitude(-77.45).build();
  private static final RegionConfig EU =
      RegionConfig.builder("eu").latitude(53.35).longitude(-6.26).build();

  private static DataRouter router(RegionConfig... regions) {
    return new DataRouter(FederationConfig.of(List.of(regions)));
  }

  private static RegionConfig disabled(RegionConfig region) {
    return RegionConfig.builder(region.name())
        .latitude(region.latitude())
        .longitude(region.longitude())
        .enabled(false)
        .build();
  }

  private static ArrayNode numbers(int count) {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < count; i++) {
      items.add(i);
    }
    return items;
  }

  private static GeoPoint place(JsonNode item) {
    return item.has("lat")
        ? new GeoPoint(item.path("lat").asDouble(), item.path("lon").asDouble())
        : null;
  }

  @Test
  void withoutAnEnabledRegionThereIsNoRouteAndTheReasonIsSaid() {
    DataRouter router = router(disabled(US), disabled(EU));

    assertThatThrownBy(() -> router.optimalRegion(NEW_YORK))
        .isInstanceOf(NoSuchElementException.class)
        .hasMessageContaining("us (disabled in the federation file)");
    assertThatThrownBy(() -> router.partition(numbers(3)))
        .isInstanceOf(NoSuchElementException.class);
    assertThatThrownBy(() -> router.partition(numbers(3), item -> null))
        .isInstanceOf(NoSuchElementException.class);
    assertThat(router.routeData(json("1"), FederationStrategy.PARALLEL, null)).isEmpty();
  }

  @Test
  void aDisabledRegionGetsNothing() {
    DataRouter router = router(disabled(US), EU);

    assertThat(router.optimalRegion(NEW_YORK)).isEqualTo("eu");
    assertThat(router.partition(numbers(3))).containsOnlyKeys("eu");
    assertThat(router.routeData(json("1"), FederationStrategy.PARALLEL, null))
        .containsOnlyKeys("eu");
  }

  @Test
  void aRegionWithoutCoordinatesRanksLast() {
    DataRouter router = router(RegionConfig.builder("nowhere").priority(1).build(), EU);

    assertThat(router.optimalRegion(NEW_YORK)).isEqualTo("eu");
    assertThat(router.decide(FederationStrategy.NEAREST, NEW_YORK).candidates())
        .extracting("region")
        .containsExactly("eu", "nowhere");
  }

  /** Bug 1 of the Python code: a region at 0.005 scored 200 and beat a free one at 100. */
  @Test
  void pythonBug1AFreeRegionBeatsEveryPrice() {
    DataRouter router =
        router(
            RegionConfig.builder("cheap").priority(1).costPerExecution(0.005).build(),
            RegionConfig.builder("usual").priority(2).costPerExecution(0.01).build(),
            RegionConfig.builder("free").priority(3).costPerExecution(0.0).build(),
            RegionConfig.builder("unknown").priority(0).build());

    RoutingDecision decision = router.decide(FederationStrategy.COST_OPTIMIZED, null);

    assertThat(decision.chosen()).containsExactly("free");
    assertThat(decision.candidates())
        .extracting("region")
        .containsExactly("free", "cheap", "usual", "unknown");
  }

  /** Bug 2 of the Python code: a latitude or longitude of 0 counted as missing. */
  @Test
  void pythonBug2ZeroDegreesIsAPlace() {
    DataRouter router =
        router(RegionConfig.builder("gulf").latitude(0.0).longitude(0.0).build(), US, EU);

    assertThat(router.optimalRegion(new GeoPoint(0, 0))).isEqualTo("gulf");
    assertThat(router.optimalRegion(new GeoPoint(5, 0))).isEqualTo("gulf");
  }

  @Test
  void newYorkIsNearestToTheEastOfTheUnitedStatesAndBerlinToIreland() {
    DataRouter router = router(EU, US);

    assertThat(router.optimalRegion(NEW_YORK)).isEqualTo("us");
    assertThat(router.optimalRegion(BERLIN)).isEqualTo("eu");
  }

  @Test
  void replicatedDataGoesToEveryRegionAndOtherStrategiesTakeOne() {
    DataRouter router = router(US, EU);
    JsonNode data = json("{\"rows\": [1, 2]}");

    assertThat(router.routeData(data, FederationStrategy.PARALLEL, null))
        .isEqualTo(Map.of("us", data, "eu", data));
    assertThat(router.routeData(data, FederationStrategy.NEAREST, BERLIN))
        .isEqualTo(Map.of("eu", data));
  }

  @Test
  void partsAreContiguousByPriorityAndSizedByWeight() {
    DataRouter router =
        router(
            RegionConfig.builder("small").priority(2).weight(1).build(),
            RegionConfig.builder("large").priority(1).weight(3).build());

    assertThat(router.partition(numbers(8)))
        .isEqualTo(
            Map.of(
                "large", json("[0, 1, 2, 3, 4, 5]"),
                "small", json("[6, 7]")));
    assertThat(router.partition(numbers(8)).keySet()).containsExactly("large", "small");
  }

  @Test
  void aPartMayBeEmpty() {
    assertThat(router(US, EU).partition(numbers(1))).containsOnlyKeys("us", "eu");
    assertThat(router(US, EU).partition(numbers(0)))
        .isEqualTo(Map.of("us", numbers(0), "eu", numbers(0)));
  }

  @Test
  void eachItemGoesToTheRegionNearestToItAndOneWithoutAPlaceToTheFirst() {
    JsonNode items =
        json(
            """
            [{"id": 1, "lat": 52.52, "lon": 13.405}, {"id": 2, "lat": 40.7, "lon": -74},
             {"id": 3}, {"id": 4, "lat": 48.9, "lon": 2.35}]
            """);
    DataRouter router = router(US, EU, RegionConfig.builder("first").priority(1).build());

    Map<String, ArrayNode> parts = router.partition((ArrayNode) items, DataRouterTest::place);

    assertThat(parts.keySet()).containsExactly("eu", "us", "first");
    assertThat(parts.get("eu").findValuesAsText("id")).containsExactly("1", "4");
    assertThat(parts.get("us").findValuesAsText("id")).containsExactly("2");
    assertThat(parts.get("first").findValuesAsText("id")).containsExactly("3");
  }

  @Property(tries = 200)
  void noPartIsOffItsWeightedShareByAWholeItemAndNoItemIsLost(
      @ForAll @Size(min = 1, max = 12) List<@DoubleRange(min = 0.01, max = 1e6) Double> weights,
      @ForAll @IntRange(max = 500) int count) {
    List<RegionConfig> regions = new ArrayList<>();
    double total = 0;
    for (int i = 0; i < weights.size(); i++) {
      regions.add(RegionConfig.builder("r%02d".formatted(i)).weight(weights.get(i)).build());
      total += weights.get(i);
    }
    Map<String, ArrayNode> parts =
        new DataRouter(FederationConfig.of(regions)).partition(numbers(count));

    ArrayNode together = JsonNodeFactory.instance.arrayNode();
    parts.values().forEach(together::addAll);
    assertThat(together).isEqualTo(numbers(count));
    for (RegionConfig region : regions) {
      assertThat((double) parts.get(region.name()).size())
          .isCloseTo(count * region.weight() / total, within(1 + 1e-6));
    }
  }

  @Provide
  Arbitrary<GeoPoint> places() {
    return Combinators.combine(
            Arbitraries.doubles().between(-90, 90), Arbitraries.doubles().between(-180, 180))
        .as(GeoPoint::new);
  }

  @Property(tries = 200)
  void noRegionIsNearerThanTheOneThatIsChosen(
      @ForAll("places") GeoPoint data,
      @ForAll @Size(min = 1, max = 8) List<@IntRange(min = -80, max = 80) Integer> latitudes) {
    List<RegionConfig> regions = new ArrayList<>();
    for (int i = 0; i < latitudes.size(); i++) {
      regions.add(
          RegionConfig.builder("r" + i)
              .latitude((double) latitudes.get(i))
              .longitude(latitudes.get(i) * 2.0)
              .build());
    }
    FederationConfig federation = FederationConfig.of(regions);

    String chosen = new DataRouter(federation).optimalRegion(data);

    double km = Distance.km(data, federation.region(chosen).orElseThrow().place());
    assertThat(regions)
        .allSatisfy(
            region -> assertThat(Distance.km(data, region.place())).isGreaterThanOrEqualTo(km));
  }
}
