package dev.federated.testing;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import dev.federated.activities.remote.RegionProtocolClient;
import dev.federated.model.FailureType;
import dev.federated.model.RegionError;
import dev.federated.stage.RemoteRequest;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a region does when it is called. Immutable: {@link #slowBy}, {@link #giving} and the like
 * return another script. Where nothing else is said, a region that works answers at once with the
 * inputs of the stage, uses no tokens, and costs what the federation's prices say.
 */
public final class RegionScript {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int FIRST_STATUS = 300;
  private static final int LAST_STATUS = 599;

  /** Decides whether a call fails. */
  @FunctionalInterface
  private interface Fault {
    /**
     * The error of a call, or null if it works.
     *
     * @param call which call of the region this is, from 1
     */
    @Nullable RegionError of(String region, int call);
  }

  private final Fault fault;
  private final boolean offline;
  private final boolean known;
  private final Function<RemoteRequest, JsonNode> answer;
  private final Duration delay;
  private final long tokensUsed;
  private final @Nullable Double cost;

  private RegionScript(
      Fault fault,
      boolean offline,
      boolean known,
      Function<RemoteRequest, JsonNode> answer,
      Duration delay,
      long tokensUsed,
      @Nullable Double cost) {
    this.fault = fault;
    this.offline = offline;
    this.known = known;
    this.answer = answer;
    this.delay = delay;
    this.tokensUsed = tokensUsed;
    this.cost = cost;
  }

  private static RegionScript of(Fault fault, boolean offline, boolean known) {
    return new RegionScript(fault, offline, known, RemoteRequest::inputs, Duration.ZERO, 0, null);
  }

  /** Works: answers with the inputs of the stage. */
  public static RegionScript up() {
    return of((region, call) -> null, false, false);
  }

  /** Works: answers with that. */
  public static RegionScript answers(JsonNode output) {
    return up().giving(output);
  }

  /**
   * Works: answers with that JSON.
   *
   * @throws IllegalArgumentException if it is not JSON
   */
  public static RegionScript answers(String json) {
    return up().giving(json);
  }

  /** Does not answer. Stages find out by calling it; after that a probe has seen it too. */
  public static RegionScript down() {
    return of((region, call) -> unavailable(region), true, false);
  }

  /** Does not answer, and a probe has seen it before any stage starts. */
  public static RegionScript knownDown() {
    return of((region, call) -> unavailable(region), true, true);
  }

  /**
   * Does not answer that many calls, then works for good.
   *
   * @param calls 0 or more
   */
  public static RegionScript downFor(int calls) {
    requireCalls(calls, 0);
    return of((region, call) -> call <= calls ? unavailable(region) : null, false, false);
  }

  /**
   * Does not answer that many calls, works for one, and so on.
   *
   * @param failures 1 or more
   */
  public static RegionScript flapping(int failures) {
    requireCalls(failures, 1);
    return of(
        (region, call) -> call % (failures + 1) == 0 ? null : unavailable(region), false, false);
  }

  /**
   * Answers every call with that status.
   *
   * @param status HTTP status, 300 to 599; its meaning is that of the region protocol
   */
  public static RegionScript refusing(int status) {
    if (status < FIRST_STATUS || status > LAST_STATUS) {
      throw new IllegalArgumentException(
          "status has to be %d to %d: %d".formatted(FIRST_STATUS, LAST_STATUS, status));
    }
    FailureType type = RegionProtocolClient.failureOf(status, false);
    return of(
        (region, call) ->
            new RegionError(
                type,
                "region %s: answered %d, as scripted".formatted(region, status),
                type.retryable(),
                status),
        false,
        false);
  }

  /** Answers every call with something that is not the JSON of the region protocol. */
  public static RegionScript garbage() {
    return of(
        (region, call) ->
            new RegionError(
                FailureType.INVALID_REGION_RESPONSE,
                "region %s: its answer is not JSON, as scripted".formatted(region),
                FailureType.INVALID_REGION_RESPONSE.retryable(),
                200),
        false,
        false);
  }

  /** The same with that answer, where it works. */
  public RegionScript giving(JsonNode output) {
    JsonNode copy = output.deepCopy();
    return giving(request -> copy);
  }

  /**
   * The same with that answer, where it works.
   *
   * @throws IllegalArgumentException if it is not JSON
   */
  public RegionScript giving(String json) {
    return giving(parse(json));
  }

  /** The same with an answer that is made from each request, where it works. */
  public RegionScript giving(Function<RemoteRequest, JsonNode> output) {
    return new RegionScript(fault, offline, known, output, delay, tokensUsed, cost);
  }

  /**
   * The same after a wait, in the time of the test server. A wait that reaches the timeout of the
   * attempt ends it as {@code RegionTimeout}.
   *
   * @param delay 0 or more
   */
  public RegionScript slowBy(Duration delay) {
    if (delay.isNegative()) {
      throw new IllegalArgumentException("delay has to be 0 or more: " + delay);
    }
    return new RegionScript(fault, offline, known, answer, delay, tokensUsed, cost);
  }

  /**
   * The same with what it reports of each execution.
   *
   * @param tokensUsed 0 or more
   * @param cost 0 or more, or null for the federation's prices
   */
  public RegionScript reporting(long tokensUsed, @Nullable Double cost) {
    if (tokensUsed < 0) {
      throw new IllegalArgumentException("tokensUsed has to be 0 or more: " + tokensUsed);
    }
    if (cost != null && !(cost >= 0)) {
      throw new IllegalArgumentException("cost has to be 0 or more: " + cost);
    }
    return new RegionScript(fault, offline, known, answer, delay, tokensUsed, cost);
  }

  @Nullable RegionError fault(String region, int call) {
    return fault.of(region, call);
  }

  JsonNode output(RemoteRequest request) {
    JsonNode output = answer.apply(request);
    return output == null ? NullNode.instance : output;
  }

  /** Whether a probe finds it offline. */
  boolean offline() {
    return offline;
  }

  /** Whether a probe has looked before any stage starts. */
  boolean known() {
    return known;
  }

  Duration delay() {
    return delay;
  }

  long tokensUsed() {
    return tokensUsed;
  }

  @Nullable Double cost() {
    return cost;
  }

  static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("not JSON: " + json, e);
    }
  }

  private static RegionError unavailable(String region) {
    return RegionError.of(
        FailureType.REGION_UNAVAILABLE,
        "region %s: does not answer, as scripted".formatted(region));
  }

  private static void requireCalls(int calls, int least) {
    if (calls < least) {
      throw new IllegalArgumentException(
          "the number of calls has to be %d or more: %d".formatted(least, calls));
    }
  }
}
