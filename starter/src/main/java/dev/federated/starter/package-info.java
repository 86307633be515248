/**
 * The client API: start at {@link dev.federated.starter.FederationCoordinator}; {@link
 * dev.federated.starter.RemoteExecutor} runs work in given regions and {@link
 * dev.federated.starter.DataRouter} answers where data should go.
 */
@NullMarked
package dev.federated.starter;

import org.jspecify.annotations.NullMarked;
