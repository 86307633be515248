package dev.federated.starter;

import dev.federated.stage.ParkedStage;

/**
 * A stage that waits for a decision.
 *
 * @param workflowId the workflow that takes the decision: the stage's own, or the pipeline's where
 *     the stage runs inline
 * @param stage the stage
 */
public record ParkedExecution(String workflowId, ParkedStage stage) {}
