package dev.federated.parsing;

import static dev.federated.parsing.Documents.federation;
import static dev.federated.parsing.Documents.json;
import static dev.federated.parsing.Documents.stage;
import static dev.federated.parsing.Documents.stageProblem;
import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.model.DataLocation;
import dev.federated.model.DataSet;
import dev.federated.model.Distribution;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.GeoPoint;
import dev.federated.model.PartitionBy;
import dev.federated.model.Residency;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The keys that say where data is, where work may go, and what each region gets. */
class DistributionParserTest {
  private static final String ORDERS = "{region: 'us-east-1', size_bytes: 5e9}";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "distribution: 'partitoin' | distribution | partition",
        "distribution: 'partition', partition_by: 'wieght' | partition_by | weight",
        "region_inputs: {us-east-2: 1} | region_inputs.us-east-2 | us-east-1",
        "partition_itmes: 'a' | partition_itmes | partition_items",
        "data_location: {datasets: {o: {region: 'eu-west', size_bytes: 1}}} | data_location.datasets.o.region | eu-west-1",
        "data_location: {datasets: {o: {region: 'eu-west-1', size_byte: 1}}} | data_location.datasets.o.size_byte | size_bytes",
      })
  void aMisspeltNameIsRefusedWithTheNearestMatch(String text, String path, String nearest) {
    Problems problems = new Problems("pipeline.json");
    stage(quoted(text), Documents.FEDERATION, problems);

    assertThat(problems.found())
        .anySatisfy(
            problem -> {
              assertThat(problem.path()).isEqualTo("stages[0].federation." + path);
              assertThat(problem.suggestions()).contains(nearest);
            });
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "distribution: 'partition', strategy: 'nearest' | distribution | runs in one region",
        "distribution: 'partition', aggregation: 'first' | aggregation | leave out parts",
        "distribution: 'partition', region_inputs: {us-east-1: 1} | region_inputs | give one",
        "distribution: 'partition', partition_items: 'a..b' | partition_items | dots between",
        "distribution: 'partition', partition_location: 'x' | partition_location | by location",
        "partition_by: 'load' | partition_by | only read with distribution partition",
        "region_inputs: {} | region_inputs | at least one region",
        "region_inputs: 5 | region_inputs | has to be an object",
        "regions: ['us-east-1', 'eu-west-1'], region_inputs: {us-east-1: 1} | region_inputs | has nothing for eu-west-1",
        "regions: ['us-east-1'], region_inputs: {us-east-1: 1, eu-west-1: 2} | region_inputs.eu-west-1 | not one of",
        "data_location: {datasets: {}} | data_location.datasets | at least one",
        "data_location: {datasets: {o: {region: 'us-east-1'}}} | data_location.datasets.o.size_bytes | is required",
        "data_location: {datasets: {o: {lat: 1, size_bytes: 1}}} | data_location.datasets.o.lon | is required",
        "data_location: {datasets: {o: {region: 'us-east-1', lat: 1, size_bytes: 1}}} | data_location.datasets.o.region | give one",
        "residency: {} | residency.tags | is required",
        "residency: {tags: []} | residency.tags | at least one tag",
        "residency: 'eu' | residency | list of texts",
      })
  void whatMakesNoSenseIsRefusedAndSaysWhy(String text, String path, String why) {
    Problem problem = stageProblem(quoted(text));

    assertThat(problem.path()).isEqualTo("stages[0].federation." + path);
    assertThat(problem.message()).contains(why);
  }

  private static String quoted(String text) {
    return "{" + text.replaceAll("((?:us-east|eu-west)-[0-9]):", "'$1':") + "}";
  }

  @Test
  void sizesOfDataSetsLeaveNoOtherSize() {
    assertThat(
            stageProblem(
                    "{data_size_bytes: 1, data_location: {datasets: {o: %s}}}".formatted(ORDERS))
                .path())
        .endsWith("data_size_bytes");
  }

  @Test
  void tagsOfAResidencyAreCheckedAgainstTheRegions() {
    FederationConfig tagged =
        federation(
            "{regions: [{name: 'a', tags: ['eu', 'gpu']}, {name: 'b', tags: ['eu']},"
                + " {name: 'c', tags: ['us']}]}");

    assertThat(problem("{residency: {tags: ['ue']}}", tagged).suggestions()).contains("eu");
    assertThat(problem("{residency: {tags: ['gpu', 'us']}}", tagged).message())
        .contains("no region has every one of them");
    assertThat(problem("{residency: {tags: ['eu']}, fallback_region: 'c'}", tagged).message())
        .isEqualTo("is outside the residency tags [eu]");
    assertThat(problem("{residency: {tags: ['eu']}, regions: ['c']}", tagged).path())
        .endsWith("regions");
    assertThat(problem("{residency: {tags: ['eu']}, min_regions: 3}", tagged).message())
        .contains("is more than the number of regions that may run the stage, 2");
  }

  private static Problem problem(String text, FederationConfig federation) {
    Problems problems = new Problems("pipeline.json");
    stage(text, federation, problems);
    assertThat(problems.found()).as(text).hasSize(1);
    return problems.found().get(0);
  }

  @Test
  void everyKeyIsRead() {
    FederatedStageConfig block =
        stage(
            "{distribution: 'Partition', partition_items: 'data.orders', partition_by: 'LOCATION',"
                + " partition_location: 'at', data_location: {datasets: {orders: "
                + ORDERS
                + ", events: {lat: 0, lon: 1, size_bytes: 2}}}}");

    assertThat(block.distribution()).isEqualTo(Distribution.PARTITION);
    assertThat(block.partitionItems()).isEqualTo("data.orders");
    assertThat(block.partitionBy()).isEqualTo(PartitionBy.LOCATION);
    assertThat(block.partitionLocation()).isEqualTo("at");
    assertThat(block.dataLocation())
        .isEqualTo(
            DataLocation.of(
                Map.of(
                    "orders", DataSet.inRegion("us-east-1", 5_000_000_000L),
                    "events", DataSet.at(new GeoPoint(0, 1), 2))));
  }

  @Test
  void inputsOfRegionsAreTheRegionsOfAStageThatListsNone() {
    FederatedStageConfig block =
        stage("{region_inputs: {'eu-west-1': {shard: 2}, 'us-east-1': null}}");

    assertThat(block.regions()).containsExactly("eu-west-1", "us-east-1");
    assertThat(block.regionInputs().get("eu-west-1")).isEqualTo(json("{shard: 2}"));
    assertThat(block.regionInputs().get("us-east-1")).isEqualTo(json("null"));
  }

  @Test
  void aResidencyIsNamesOrTags() {
    assertThat(stage("{residency: ['eu-west-1']}").residency())
        .isEqualTo(Residency.inRegions(List.of("eu-west-1")));
    Problems problems = new Problems("pipeline.json");
    assertThat(stage("{residency: {tags: ['eu']}}", null, problems).residency())
        .isEqualTo(Residency.inTags(List.of("eu")));
    assertThat(problems.found()).isEmpty();
  }
}
