/**
 * A Temporal server that a command brings along. Start at {@link
 * dev.federated.starter.embedded.EmbeddedServer}.
 */
@NullMarked
package dev.federated.starter.embedded;

import org.jspecify.annotations.NullMarked;
