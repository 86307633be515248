/**
 * Pipelines of stages: definition, templates and {@link dev.federated.pipeline.PipelineWorkflow}.
 */
@NullMarked
package dev.federated.pipeline;

import org.jspecify.annotations.NullMarked;
