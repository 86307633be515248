package dev.federated.routing;

import static dev.federated.routing.Worlds.region;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.CircuitState;
import dev.federated.model.Distribution;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.ItemRanges;
import dev.federated.model.PartitionBy;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.Residency;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class PartitionTest {
  private static ArrayNode numbers(int count) {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < count; i++) {
      items.add(i);
    }
    return items;
  }

  private static FederatedStageConfig.Builder by(PartitionBy by) {
    return FederatedStageConfig.builder().distribution(Distribution.PARTITION).partitionBy(by);
  }

  private static Partition split(
      FederatedStageConfig.Builder block, JsonNode inputs, RegionSnapshot.Builder... regions) {
    return Partition.ofStage(
        new StageRequest(
            "s", "transformer", JsonNodeFactory.instance.objectNode(), inputs, block.build()),
        Worlds.of(regions));
  }

  private static Map<String, String> texts(Partition partition) {
    Map<String, String> texts = new LinkedHashMap<>();
    partition.parts().forEach((name, items) -> texts.put(name, items.toString()));
    return texts;
  }

  @Test
  void withoutARegionThatMayEverRunTheStageThereIsNoPart() {
    assertThat(
            split(
                    by(PartitionBy.WEIGHT).residency(Residency.inTags(List.of("eu"))),
                    numbers(4),
                    region("us").tags(List.of("us")))
                .parts())
        .isEmpty();
  }

  @Test
  void aRegionThatIsDownOrForbiddenGetsNoItem() {
    assertThat(
            texts(
                split(
                    by(PartitionBy.WEIGHT).requiredTags(List.of("gpu")),
                    numbers(5),
                    region("a").tags(List.of("gpu")).circuit(CircuitState.OPEN),
                    region("b").tags(List.of("gpu")),
                    region("c").tags(List.of()),
                    region("d").tags(List.of("gpu")))))
        .isEqualTo(Map.of("b", "0-2", "d", "3-4"));
  }

  @Test
  void ifAllAreDownTheirPartsAreMadeAllTheSameSoThatTheyCanBeSentAgain() {
    assertThat(
            texts(
                split(
                    by(PartitionBy.WEIGHT),
                    numbers(4),
                    region("a").online(false),
                    region("b").drained(true))))
        .isEqualTo(Map.of("a", "0-1", "b", "2-3"));
  }

  @Test
  void partsAreSizedByTheFreePlacesAndAFullRegionGetsNone() {
    assertThat(
            texts(
                split(
                    by(PartitionBy.LOAD),
                    numbers(10),
                    region("a").maxConcurrent(10).inFlight(2.0).backlog(2L).picks(0),
                    region("b").maxConcurrent(4).inFlight(1.0).picks(1),
                    region("c").maxConcurrent(5).inFlight(5.0).backlog(7L),
                    region("d").maxConcurrent(2))))
        .isEqualTo(Map.of("a", "0-5", "b", "6-7", "c", "", "d", "8-9"));
  }

  @Test
  void whereNothingIsFreeTheSizesOfTheRegionsDecide() {
    assertThat(
            texts(
                split(
                    by(PartitionBy.LOAD),
                    numbers(8),
                    region("a").maxConcurrent(3).inFlight(9.0),
                    region("b").maxConcurrent(1).inFlight(1.0))))
        .isEqualTo(Map.of("a", "0-5", "b", "6-7"));
  }

  @Test
  void itemsGoToTheRegionThatTheyAreInElseToTheNearestThatMay() {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    items.addObject().put("location", "us");
    items.addObject().putObject("location").put("lat", 52.5).put("lon", 13.4);
    items.addObject().put("location", "closed");
    items.addObject().put("location", "atlantis");
    items.addObject().putObject("location").put("lat", 40.7).put("lon", -74);
    items.add(7);

    Partition partition =
        split(
            by(PartitionBy.LOCATION),
            items,
            region("us").latitude(38.9).longitude(-77.4),
            region("eu").latitude(53.3).longitude(-6.2),
            region("closed").latitude(48.8).longitude(2.3).enabled(false));

    assertThat(texts(partition)).isEqualTo(Map.of("eu", "1-3,5", "us", "0,4"));
    assertThat(partition.unplaced()).as("atlantis and the number").isEqualTo(2);
  }

  @Test
  void theArrayIsFoundInAFieldAndTheOtherFieldsStayWithEveryPart() {
    ObjectNode inputs = JsonNodeFactory.instance.objectNode().put("model", "m");
    inputs.putObject("data").put("unit", "eur").set("orders", numbers(3));
    StageRequest request =
        new StageRequest(
            "s",
            "transformer",
            JsonNodeFactory.instance.objectNode(),
            inputs,
            by(PartitionBy.WEIGHT).partitionItems("data.orders").build());

    ObjectNode expected = inputs.deepCopy();
    ((ObjectNode) expected.get("data")).set("orders", JsonNodeFactory.instance.arrayNode().add(1));
    assertThat(Partition.inputs(request, ItemRanges.of(1, 1))).isEqualTo(expected);
    assertThat(inputs.at("/data/orders")).hasSize(3);
  }

  @Test
  void rangesAreReadAsTheyAreWritten() {
    for (String text : List.of("", "0", "0-33", "3,5-6,9")) {
      assertThat(ItemRanges.parse(text)).hasToString(text);
    }
    assertThat(ItemRanges.of(List.of(1, 2, 3, 7, 9, 10))).hasToString("1-3,7,9-10");
    for (String text : List.of("x", "3-1", "1,1", "2,1", "1,", "-1")) {
      assertThatThrownBy(() -> ItemRanges.parse(text))
          .as(text)
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  /** Whatever is split by, over whatever regions: nothing is lost, doubled or out of order. */
  @Property(tries = 300)
  void everyItemIsInExactlyOnePartInItsOrder(
      @ForAll long seed,
      @ForAll @IntRange(min = 1, max = 9) int size,
      @ForAll @IntRange(max = 120) int count,
      @ForAll PartitionBy by) {
    Random random = new Random(seed);
    RegionSnapshot.Builder[] regions = new RegionSnapshot.Builder[size];
    for (int i = 0; i < size; i++) {
      regions[i] =
          region("r" + i)
              .weight(0.1 + random.nextInt(50))
              .maxConcurrent(1 + random.nextInt(9))
              .inFlight((double) random.nextInt(9))
              .latitude(random.nextInt(180) - 90.0)
              .longitude(random.nextInt(360) - 180.0);
    }
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < count; i++) {
      ObjectNode item = items.addObject().put("id", i);
      switch (random.nextInt(3)) {
        case 0 -> item.put("location", "r" + random.nextInt(12));
        case 1 ->
            item.putObject("location")
                .put("lat", random.nextInt(180) - 90)
                .put("lon", random.nextInt(360) - 180);
        default -> item.put("location", true);
      }
    }

    Partition partition = split(by(by), items, regions);

    List<Integer> all = new ArrayList<>();
    for (ItemRanges part : partition.parts().values()) {
      List<Integer> ids = new ArrayList<>();
      part.pick(items).forEach(item -> ids.add(item.get("id").asInt()));
      assertThat(ids).isSorted();
      assertThat(part.count()).isEqualTo(ids.size());
      all.addAll(ids);
    }
    assertThat(all).hasSize(count).doesNotHaveDuplicates();
    assertThat(partition.parts()).hasSize(size);
    if (by == PartitionBy.WEIGHT) {
      WorldSnapshot world = Worlds.of(regions);
      double total = world.candidates().stream().mapToDouble(RegionSnapshot::weight).sum();
      for (RegionSnapshot region : world.candidates()) {
        assertThat((double) partition.parts().get(region.name()).count())
            .isCloseTo(count * region.weight() / total, within(1.0));
      }
    }
  }
}
