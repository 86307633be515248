package dev.federated.starter.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.Distribution;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.RegionResult;
import dev.federated.model.StageOutcome;
import dev.federated.stage.FederatedStageResult;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A region dies with the largest part of an array, which another one takes over. */
@Timeout(60)
@RealServer.Needed
class PartitionTest {
  private static final int ITEMS = 100;

  private Deployment deployment;

  @BeforeEach
  void connect(Deployment deployment) {
    this.deployment = deployment;
  }

  @Test
  void ofAHundredItemsOverThreeRegionsNoneIsLostOrDoneTwiceWhenOneRegionDies() {
    ArrayNode items = JsonNodeFactory.instance.arrayNode();
    for (int i = 0; i < ITEMS; i++) {
      items.addObject().put("id", i);
    }
    FederatedStageConfig block =
        FederatedStageConfig.builder()
            .strategy(FederationStrategy.PARALLEL)
            .distribution(Distribution.PARTITION)
            .regions(List.of("us", "dying", "eu"))
            .maxRetries(0)
            .build();
    Map<String, Integer> before = executions();

    FederatedStageResult result =
        deployment.coordinator().executeFederated("partition", block, items);

    Map<String, Integer> executions = executions();
    executions.keySet().removeAll(before.keySet());
    Set<Integer> out = new HashSet<>();
    for (JsonNode item : result.aggregated()) {
      out.add(item.get("id").asInt());
    }
    int twice = result.aggregated().size() - out.size();
    System.out.printf(
        "partition of %d items: %s; %d out, %d lost, %d twice; executions of each key: %s%n",
        ITEMS,
        parts(result),
        result.aggregated().size(),
        ITEMS - out.size(),
        twice,
        executions.values());
    assertThat(result.outcome()).isEqualTo(StageOutcome.SUCCEEDED);
    assertThat(result.aggregated()).as("every item, in its order").isEqualTo(items);
    assertThat(parts(result))
        .isEqualTo(
            Map.of(
                "us", "0-24 in us",
                "dying", "25-74 in eu",
                "eu", "75-99 in eu"));
    assertThat(deployment.asked("dying")).isEqualTo(1);
    assertThat(executions).hasSize(3);
    assertThat(executions.values()).as("executions of each key").containsOnly(1);
  }

  private static Map<String, String> parts(FederatedStageResult result) {
    Map<String, String> parts = new HashMap<>();
    for (RegionResult share : result.regionResults().values()) {
      parts.put(share.region(), share.items() + " in " + share.executedIn());
    }
    return parts;
  }

  /** How often each key was executed, over all regions that work. */
  private Map<String, Integer> executions() {
    Map<String, Integer> all = new HashMap<>();
    for (String region : List.of("us", "eu", "ap", "spare")) {
      deployment.node(region).executions().forEach((key, n) -> all.merge(key, n, Integer::sum));
    }
    return all;
  }
}
