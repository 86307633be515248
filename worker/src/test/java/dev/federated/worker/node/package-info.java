/** Tests of the region node. */
@NullMarked
package dev.federated.worker.node;

import org.jspecify.annotations.NullMarked;
