/**
 * Aggregation of the regions' outputs, pure. Start at {@link dev.federated.aggregation.Aggregator}.
 */
@NullMarked
package dev.federated.aggregation;

import org.jspecify.annotations.NullMarked;
