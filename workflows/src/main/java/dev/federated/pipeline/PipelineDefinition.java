package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.TaskPriority;
import dev.federated.model.WireRecord;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pipeline, validated by {@link PipelineParser}.
 *
 * @param id its id, {@code [A-Za-z0-9][A-Za-z0-9._-]{0,99}}
 * @param name its name for people, or null
 * @param execution where its federated stages run, default child
 * @param inputSchema JSON schema of its input, or null for any input
 * @param outputStageId the stage whose output is the pipeline's; null means the stages on which no
 *     other depends
 * @param stages its stages in the order of the document, 1 to 1000, without cycles
 * @param maxCost the most that its federated stages may cost together, above 0; null means no limit
 * @param taskPriority the order in which executions of its stages are taken that say nothing of it,
 *     local ones included; null means the server's
 */
@WireRecord
public record PipelineDefinition(
    String id,
    @Nullable String name,
    PipelineExecution execution,
    @Nullable JsonNode inputSchema,
    @Nullable String outputStageId,
    List<StageDefinition> stages,
    @Nullable Double maxCost,
    @Nullable TaskPriority taskPriority) {
  public PipelineDefinition {
    stages = List.copyOf(stages);
  }

  /** A pipeline whose cost has no limit and whose executions are taken in the server's order. */
  public PipelineDefinition(
      String id,
      @Nullable String name,
      PipelineExecution execution,
      @Nullable JsonNode inputSchema,
      @Nullable String outputStageId,
      List<StageDefinition> stages) {
    this(id, name, execution, inputSchema, outputStageId, stages, null, null);
  }

  /** The same pipeline with those stages. */
  public PipelineDefinition withStages(List<StageDefinition> others) {
    return new PipelineDefinition(
        id, name, execution, inputSchema, outputStageId, others, maxCost, taskPriority);
  }
}
