package dev.federated.worker.node;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One authorised request to a region node.
 *
 * @param method HTTP method
 * @param path path without query
 * @param headers first value of each header by lower-case name, without {@code authorization}
 * @param body the body, empty if there is none; not copied
 */
@SuppressWarnings("ArrayRecordComponent") // Identity is enough: a request is never compared.
public record NodeRequest(String method, String path, Map<String, String> headers, byte[] body) {
  public NodeRequest {
    headers = Map.copyOf(headers);
  }

  /** The {@code Idempotency-Key}, or null. */
  public @Nullable String idempotencyKey() {
    return headers.get("idempotency-key");
  }
}
