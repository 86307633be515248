package dev.federated.starter.cli;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.PartialFailurePolicy;
import dev.federated.model.StageRequest;
import dev.federated.pipeline.PipelineDefinition;
import dev.federated.pipeline.StageDefinition;
import dev.federated.worker.config.FederationFile;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Lets stages fail that would wait, where the server ends with the command and so would the wait.
 */
final class WithoutParking {
  private final @Nullable PartialFailurePolicy byDefault;
  private final PrintWriter err;

  /** With the federation that the command brings. */
  WithoutParking(@Nullable FederationFile file, PrintWriter err) {
    this.byDefault = file == null ? null : file.config().defaultOnPartialFailure();
    this.err = err;
  }

  PipelineDefinition of(PipelineDefinition pipeline) {
    List<StageDefinition> stages =
        pipeline.stages().stream()
            .map(
                stage ->
                    stage.federation() == null
                        ? stage
                        : new StageDefinition(
                            stage.id(),
                            stage.type(),
                            stage.config(),
                            stage.inputs(),
                            stage.dependsOn(),
                            of(stage.id(), stage.federation())))
            .toList();
    return pipeline.withStages(stages);
  }

  StageRequest of(StageRequest request) {
    return StageCommand.with(request, of(request.stageId(), request.federation()));
  }

  FederatedStageConfig of(String stageId, FederatedStageConfig block) {
    PartialFailurePolicy policy =
        block.onPartialFailure() == null ? byDefault : block.onPartialFailure();
    if (policy != PartialFailurePolicy.WAIT) {
      return block;
    }
    err.println(
        "stage %s would wait for a decision after a partial failure; the server inside the JVM cannot, so it fails instead"
            .formatted(stageId));
    return block.toBuilder().onPartialFailure(PartialFailurePolicy.FAIL).build();
  }
}
