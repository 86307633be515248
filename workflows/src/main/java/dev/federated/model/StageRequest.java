package dev.federated.model;

import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * One federated stage, ready to run.
 *
 * @param stageId its id, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,99}}
 * @param type the component type that the regions execute
 * @param config the component's configuration
 * @param inputs the stage's inputs
 * @param federation where and how it runs
 * @param redrive what is taken over from an earlier execution; null for a first one
 * @param inPipeline whether the stage is the child of a {@code PipelineWorkflow}, which wants to
 *     know when it is parked and when it goes on; null for no
 */
@WireRecord
public record StageRequest(
    String stageId,
    String type,
    JsonNode config,
    JsonNode inputs,
    FederatedStageConfig federation,
    @Nullable Redrive redrive,
    @Nullable Boolean inPipeline) {
  /** A first execution. */
  public StageRequest(
      String stageId,
      String type,
      JsonNode config,
      JsonNode inputs,
      FederatedStageConfig federation) {
    this(stageId, type, config, inputs, federation, null, null);
  }

  /** The same stage on its own, taking over from an earlier execution. */
  public StageRequest redriving(Redrive earlier) {
    return new StageRequest(stageId, type, config, inputs, federation, earlier, null);
  }

  /** The same stage, as the child of a pipeline's workflow. */
  public StageRequest asChildOfPipeline() {
    return new StageRequest(stageId, type, config, inputs, federation, redrive, true);
  }

  /** The same stage with another federation block. */
  public StageRequest withFederation(FederatedStageConfig other) {
    return new StageRequest(stageId, type, config, inputs, other, redrive, inPipeline);
  }
}
