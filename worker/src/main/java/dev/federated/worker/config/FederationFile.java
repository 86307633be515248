package dev.federated.worker.config;

import dev.federated.model.FederationConfig;
import java.nio.file.Path;

/**
 * A federation file that has been read.
 *
 * @param name what messages call it: the path as it was given
 * @param path where it is
 * @param config what it says
 */
public record FederationFile(String name, Path path, FederationConfig config) {}
