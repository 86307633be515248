/**
 * The federated stage: {@link dev.federated.stage.Federation} for callers inside a workflow, {@link
 * dev.federated.stage.FederatedStageWorkflow} as a workflow of its own.
 */
@NullMarked
package dev.federated.stage;

import org.jspecify.annotations.NullMarked;
