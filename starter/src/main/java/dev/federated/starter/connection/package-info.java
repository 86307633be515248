/**
 * The way to a Temporal server. Start at {@link
 * dev.federated.starter.connection.TemporalConnection}.
 */
@NullMarked
package dev.federated.starter.connection;

import org.jspecify.annotations.NullMarked;
