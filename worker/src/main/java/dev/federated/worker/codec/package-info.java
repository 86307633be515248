/**
 * Shows encrypted payloads to those who are allowed. Start at {@link
 * dev.federated.worker.codec.CodecServer}.
 */
@NullMarked
package dev.federated.worker.codec;

import org.jspecify.annotations.NullMarked;
