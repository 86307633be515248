package dev.federated.pipeline;

import dev.federated.model.KeyRoot;
import dev.federated.model.WireRecord;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a pipeline takes over from an execution of it that closed before.
 *
 * @param workflowId the execution that is redriven
 * @param runId its run
 * @param keyRoot what idempotency keys are made from
 * @param stages what each stage did; those that succeeded are not executed again, unless one that
 *     they depend on is
 * @param relocations where shares that failed execute instead, by selected region
 * @param newKey whether what failed gets a new idempotency key although it may have happened
 */
@WireRecord
public record PipelineRedrive(
    String workflowId,
    String runId,
    KeyRoot keyRoot,
    Map<String, StageReport> stages,
    @Nullable Map<String, String> relocations,
    boolean newKey) {
  public PipelineRedrive {
    stages = Collections.unmodifiableMap(new LinkedHashMap<>(stages));
  }
}
