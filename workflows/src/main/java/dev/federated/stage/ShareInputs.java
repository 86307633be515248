package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.federated.model.AggregationStrategy;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.StageRequest;
import dev.federated.routing.Partition;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What each share of a stage is executed with: the stage's inputs, or those of its region, or its
 * part of an array in the inputs. A share keeps them wherever it goes.
 */
final class ShareInputs {
  /** Bytes of a RemoteRequest beside its config and inputs, generously. */
  private static final int REQUEST_ENVELOPE_BYTES = 2_000;

  private final StageRequest request;
  private final FederatedStageConfig config;
  private final long bytesWithoutInputs;
  private final long stageBytes;

  ShareInputs(StageRequest request) {
    this.request = request;
    this.config = request.federation();
    this.bytesWithoutInputs = REQUEST_ENVELOPE_BYTES + PayloadSizes.encoded(request.config());
    this.stageBytes = bytesWithoutInputs + PayloadSizes.encoded(request.inputs());
  }

  /** Whether shares have inputs of their own. */
  boolean differ() {
    return config.partitioned() || config.regionInputs() != null;
  }

  /** What a share is executed with. */
  JsonNode of(RegionRun share) {
    if (share.items() != null) {
      return Partition.inputs(request, share.items());
    }
    Map<String, JsonNode> own = config.regionInputs();
    return own == null
        ? request.inputs()
        : own.getOrDefault(share.region(), JsonNodeFactory.instance.nullNode());
  }

  /** Bytes of a request that executes a share. */
  long bytes(RegionRun share) {
    return differ() ? bytesWithoutInputs + PayloadSizes.encoded(of(share)) : stageBytes;
  }

  /**
   * Why the stage cannot be executed with what it has, or null. A parser has seen most of it; a
   * block that was built in Java, or a default of the federation, comes here first.
   */
  @Nullable String problem(FederationStrategy strategy) {
    Map<String, JsonNode> own = config.regionInputs();
    if (own != null) {
      List<String> missing =
          config.regions().stream().filter(name -> !own.containsKey(name)).toList();
      if (!missing.isEmpty()) {
        return "region_inputs has nothing for " + String.join(", ", missing);
      }
    }
    if (!config.partitioned()) {
      return null;
    }
    if (own != null) {
      return "region_inputs and distribution partition exclude each other";
    }
    if (!strategy.replicated()) {
      return "distribution partition needs strategy parallel or sequential, not "
          + strategy.wireName();
    }
    AggregationStrategy aggregation = config.aggregation();
    if (aggregation != null && !aggregation.gathersParts()) {
      return "aggregation %s would leave out parts of the array; use concat, merge, reduce or all"
          .formatted(aggregation.wireName());
    }
    String path = config.partitionItems();
    JsonNode found = Partition.items(request);
    return found.isArray()
        ? null
        : "distribution partition needs an array, but %s %s %s"
            .formatted(
                path == null ? "the inputs" : "'" + path + "' in the inputs",
                path == null ? "are" : "is",
                found.isMissingNode()
                    ? "missing"
                    : found.getNodeType().name().toLowerCase(Locale.ROOT));
  }
}
