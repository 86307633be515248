/**
 * The federation file of a process and the secrets that it names. Start at {@link
 * dev.federated.worker.config.FederationConfigLoader} and {@link
 * dev.federated.worker.config.SecretResolver}.
 */
@NullMarked
package dev.federated.worker.config;

import org.jspecify.annotations.NullMarked;
