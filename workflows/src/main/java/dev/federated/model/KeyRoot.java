package dev.federated.model;

/**
 * The execution that idempotency keys are made from: the first one, however often it is redriven.
 *
 * @param workflowId its workflow id
 * @param runId its first run
 */
@WireRecord
public record KeyRoot(String workflowId, String runId) {}
