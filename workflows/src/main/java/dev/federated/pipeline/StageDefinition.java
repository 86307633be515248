package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.WireRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One stage of a pipeline, validated.
 *
 * @param id its id, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,99}}, unique in the pipeline
 * @param type the component type that it executes
 * @param config the component's configuration, an object with templates
 * @param inputs its inputs with templates; null means the default of {@link PipelineGraph#inputs}
 * @param dependsOn the stages that have to end before it starts
 * @param federation where and how it runs in regions; null means that it runs locally
 */
@WireRecord
public record StageDefinition(
    String id,
    String type,
    JsonNode config,
    @Nullable JsonNode inputs,
    List<String> dependsOn,
    @Nullable FederatedStageConfig federation) {
  /** The type of a stage that gives none. */
  public static final String DEFAULT_TYPE = "transformer";

  public StageDefinition {
    dependsOn = List.copyOf(dependsOn);
  }

  /** The same stage with another federation block. */
  public StageDefinition withFederation(FederatedStageConfig other) {
    return new StageDefinition(id, type, config, inputs, dependsOn, other);
  }
}
