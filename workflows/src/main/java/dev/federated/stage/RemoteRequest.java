package dev.federated.stage;

import com.fasterxml.jackson.databind.JsonNode;
import dev.federated.model.CircuitBreakerConfig;
import dev.federated.model.WireRecord;
import org.jspecify.annotations.Nullable;

/**
 * One execution of a stage in one region: the input of {@code RemoteExecute}.
 *
 * @param region the region that executes it
 * @param stageId the stage
 * @param type the component type
 * @param config the component's configuration
 * @param inputs the stage's inputs
 * @param idempotencyKey the same for every attempt and hop of a share
 * @param maxOutputBytes largest result in bytes of JSON
 * @param circuitBreaker breaker settings of the federation
 * @param share the selected region whose share this is; null in histories before redrive
 * @param askedAgain true if the execution may be asked for again under its key after it was
 *     cancelled, so that the region carries on with it; null means no
 */
@WireRecord
public record RemoteRequest(
    String region,
    String stageId,
    String type,
    JsonNode config,
    JsonNode inputs,
    String idempotencyKey,
    int maxOutputBytes,
    CircuitBreakerConfig circuitBreaker,
    @Nullable String share,
    @Nullable Boolean askedAgain) {

  /** One that is not asked for again after it was cancelled. */
  public RemoteRequest(
      String region,
      String stageId,
      String type,
      JsonNode config,
      JsonNode inputs,
      String idempotencyKey,
      int maxOutputBytes,
      CircuitBreakerConfig circuitBreaker,
      @Nullable String share) {
    this(
        region,
        stageId,
        type,
        config,
        inputs,
        idempotencyKey,
        maxOutputBytes,
        circuitBreaker,
        share,
        null);
  }

  /** The same with other inputs. */
  public RemoteRequest withInputs(JsonNode others) {
    return new RemoteRequest(
        region,
        stageId,
        type,
        config,
        others,
        idempotencyKey,
        maxOutputBytes,
        circuitBreaker,
        share,
        askedAgain);
  }

  /** The same with a result of at most that many bytes, if more were allowed. */
  public RemoteRequest outputUpTo(int bytes) {
    return maxOutputBytes <= bytes
        ? this
        : new RemoteRequest(
            region,
            stageId,
            type,
            config,
            inputs,
            idempotencyKey,
            bytes,
            circuitBreaker,
            share,
            askedAgain);
  }
}
