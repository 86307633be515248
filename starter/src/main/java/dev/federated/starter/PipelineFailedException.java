package dev.federated.starter;

import dev.federated.pipeline.PipelineResult;

/** A pipeline failed; {@link #result()} says what each stage did. */
public final class PipelineFailedException extends RuntimeException {
  private final transient PipelineResult result;

  PipelineFailedException(PipelineResult result, Throwable cause) {
    super(
        "pipeline %s failed in workflow %s: %s"
            .formatted(
                result.pipelineId(),
                result.workflowId(),
                result.error() == null ? "no reason recorded" : result.error().message()),
        cause);
    this.result = result;
  }

  /** The record of the pipeline, with every stage's report. */
  public PipelineResult result() {
    return result;
  }
}
