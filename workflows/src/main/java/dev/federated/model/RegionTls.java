package dev.federated.model;

import org.jspecify.annotations.Nullable;

/**
 * How a worker and the endpoint of a region know each other. Files of PEM text; relative paths
 * start in the directory of the federation file. Read in workers only.
 *
 * @param ca certificates that the endpoint's has to be signed by; null for those of the platform
 * @param certificate the worker's certificate, with intermediate ones behind it, or null
 * @param key its private key, PKCS #8; given with the certificate and only with it
 */
public record RegionTls(@Nullable String ca, @Nullable String certificate, @Nullable String key) {}
