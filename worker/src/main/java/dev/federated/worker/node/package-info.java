/**
 * A region for HTTP: {@link dev.federated.worker.node.RegionNode} serves the region protocol with
 * the components of this process.
 */
@NullMarked
package dev.federated.worker.node;

import org.jspecify.annotations.NullMarked;
