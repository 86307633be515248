/** Spans as OpenTelemetry has them: into an application's own, or exported by the environment. */
@NullMarked
package dev.federated.worker.tracing;

import org.jspecify.annotations.NullMarked;
