/**
 * Encryption of what a Temporal server keeps. It works where clients and workers hand payloads to
 * the server; no workflow uses it. Start at {@link dev.federated.encryption.EncryptionKeys}.
 */
@NullMarked
package dev.federated.encryption;

import org.jspecify.annotations.NullMarked;
