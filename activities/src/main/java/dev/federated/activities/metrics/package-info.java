/**
 * The metrics of this product, all in one registry. Start at {@link
 * dev.federated.activities.metrics.FederationMetrics}.
 */
@NullMarked
package dev.federated.activities.metrics;

import org.jspecify.annotations.NullMarked;
