package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FederatedStageConfig;
import java.util.LinkedHashMap;
import java.util.Map;

/** Inputs that a stage gives each region, whose templates are filled in like those of the stage. */
final class RegionInputs {
  private RegionInputs() {}

  /** Whether every region has inputs of its own, so that nobody reads the stage's. */
  static boolean replaceInputs(StageDefinition stage) {
    return stage.federation() != null && stage.federation().regionInputs() != null;
  }

  /**
   * The block with its inputs filled in; the same block if it has none.
   *
   * @throws TemplateException if a template points nowhere, or one region's inputs are too large
   */
  static FederatedStageConfig resolved(FederatedStageConfig block, TemplateScope scope)
      throws TemplateException {
    Map<String, JsonNode> inputs = block.regionInputs();
    if (inputs == null) {
      return block;
    }
    Map<String, JsonNode> resolved = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> region : inputs.entrySet()) {
      resolved.put(region.getKey(), Template.resolve(region.getValue(), scope));
    }
    return block.toBuilder().regionInputs(resolved).build();
  }
}
