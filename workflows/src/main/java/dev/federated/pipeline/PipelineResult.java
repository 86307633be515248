package dev.federated.pipeline;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.model.KeyRoot;
import dev.federated.model.RegionError;
import dev.federated.model.StageOutcome;
import dev.federated.model.WireRecord;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The record of a pipeline. In histories each output stands once; {@link PipelineResultJson} prints
 * everything.
 *
 * @param pipelineId the pipeline
 * @param outcome failed if a stage failed, else partial if one was partial, else succeeded
 * @param outputStages the stages whose outputs are the pipeline's: one, or every sink
 * @param error why it failed, or null
 * @param warnings what a reader should know
 * @param stages every stage's report, in the order of the pipeline
 * @param totalCost sum over the stages
 * @param totalTokens sum over the stages
 * @param latencyMs time from start to end in milliseconds
 * @param workflowId the workflow that ran it
 * @param runId its run
 * @param redriveOf the workflow that this one redrives, or null
 * @param keyRoot what idempotency keys are made from, if not this execution
 */
@WireRecord
public record PipelineResult(
    String pipelineId,
    StageOutcome outcome,
    List<String> outputStages,
    @Nullable RegionError error,
    List<String> warnings,
    Map<String, StageReport> stages,
    double totalCost,
    long totalTokens,
    long latencyMs,
    String workflowId,
    String runId,
    @Nullable String redriveOf,
    @Nullable KeyRoot keyRoot) {
  public PipelineResult {
    outputStages = List.copyOf(outputStages);
    warnings = List.copyOf(warnings);
    stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages));
  }

  /** The same record with other reports of its stages. */
  public PipelineResult withStages(Map<String, StageReport> others) {
    return new PipelineResult(
        pipelineId,
        outcome,
        outputStages,
        error,
        warnings,
        others,
        totalCost,
        totalTokens,
        latencyMs,
        workflowId,
        runId,
        redriveOf,
        keyRoot);
  }

  /**
   * What was left out because this result or one of a stage would not have fit, in words; empty if
   * everything is here.
   */
  @JsonIgnore
  public List<String> leftOut() {
    List<String> leftOut = new ArrayList<>();
    stages.forEach(
        (stage, report) -> {
          if (Boolean.TRUE.equals(report.outputLeftOut())) {
            leftOut.add("stage " + stage);
          } else if (report.result() != null) {
            report
                .result()
                .regionsLeftOut()
                .forEach(region -> leftOut.add("region %s of stage %s".formatted(region, stage)));
          }
        });
    return leftOut;
  }

  /** The output: of the one output stage, or an object with the output of every sink. */
  @JsonIgnore
  public JsonNode output() {
    if (outputStages.size() == 1) {
      return output(outputStages.get(0));
    }
    ObjectNode bySink = JsonNodeFactory.instance.objectNode();
    for (String sink : outputStages) {
      bySink.set(sink, output(sink));
    }
    return bySink;
  }

  private JsonNode output(String stageId) {
    StageReport report = stages.get(stageId);
    return report == null ? NullNode.instance : report.output();
  }
}
