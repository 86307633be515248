/**
 * The {@code federate} command line. Start at {@link dev.federated.starter.cli.Federate}; each
 * command is one class, options that commands share are mixins.
 */
@NullMarked
package dev.federated.starter.cli;

import org.jspecify.annotations.NullMarked;
