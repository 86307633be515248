/** Connections to the other Temporal clusters where regions have their workers. */
@NullMarked
package dev.federated.worker.cluster;

import org.jspecify.annotations.NullMarked;
