/**
 * What the operator of a worker process looks at: metrics, liveness and readiness over HTTP. Start
 * at {@link dev.federated.worker.operations.OperationsServer}.
 */
@NullMarked
package dev.federated.worker.operations;

import org.jspecify.annotations.NullMarked;
