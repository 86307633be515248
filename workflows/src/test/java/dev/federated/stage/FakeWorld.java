package dev.federated.stage;

import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.HedgeOutcome;
import dev.federated.model.RegionError;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.StageOutcome;
import dev.federated.model.StageRequest;
import dev.federated.model.WorldSnapshot;
import dev.federated.routing.FederationSnapshots;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** A world that knows a federation and whatever a test tells it about single regions. */
public final class FakeWorld implements World {
  private final FederationConfig federation;
  private final Map<String, UnaryOperator<RegionSnapshot.Builder>> known =
      new ConcurrentHashMap<>();
  private final Set<String> polled = ConcurrentHashMap.newKeySet();
  private volatile boolean searchAttributes;
  private volatile boolean recordsTaskBytes = true;
  final List<String> started = new CopyOnWriteArrayList<>();
  final List<String> ended = new CopyOnWriteArrayList<>();
  final List<ExecutionEnd> ends = new CopyOnWriteArrayList<>();
  final List<String> stages = new CopyOnWriteArrayList<>();
  final List<String> hedges = new CopyOnWriteArrayList<>();
  private volatile int hedgesGranted = 100;
  private final AtomicInteger looksUntilPolled = new AtomicInteger();

  public FakeWorld(FederationConfig federation) {
    this.federation = federation;
  }

  /** What the world knows of a region beyond the federation file. */
  public FakeWorld knows(String region, UnaryOperator<RegionSnapshot.Builder> what) {
    known.put(region, what);
    return this;
  }

  /** The namespace has the federation's search attributes. */
  FakeWorld hasSearchAttributes() {
    searchAttributes = true;
    return this;
  }

  /** The region's queue has pollers. */
  FakeWorld polls(String region) {
    polled.add(region);
    return this;
  }

  /** Snapshots are those from before they told how much goes into a workflow task. */
  FakeWorld doesNotTellTaskBytes() {
    recordsTaskBytes = false;
    return this;
  }

  /** So many looks find that nobody polls yet in any region, and the world still new. */
  FakeWorld settlesAfter(int looks) {
    looksUntilPolled.set(looks);
    return this;
  }

  /** The budget of extra load has that many hedges left for each stage. */
  FakeWorld grantsHedges(int hedges) {
    hedgesGranted = hedges;
    return this;
  }

  @Override
  public WorldSnapshot snapshot(StageRequest request, String runKey) {
    if (looksUntilPolled.getAndUpdate(looks -> Math.max(0, looks - 1)) > 0) {
      return see(request, region -> region.polled(false)).whileSettling();
    }
    WorldSnapshot seen =
        see(request, UnaryOperator.identity())
            .withTaskBytes(
                recordsTaskBytes
                    ? PayloadSizes.taskBytes(request, federation.regions().size())
                    : null);
    return request.federation().hedge() == null ? seen : seen.withHedges(hedgesGranted);
  }

  private WorldSnapshot see(
      StageRequest request, UnaryOperator<RegionSnapshot.Builder> everywhere) {
    return new FederationSnapshots(federation)
        .of(
            request.federation(),
            searchAttributes,
            region ->
                known
                    .getOrDefault(region.name(), UnaryOperator.identity())
                    .andThen(everywhere)
                    .apply(FederationSnapshots.fromFile(region))
                    .build());
  }

  @Override
  public RoutingDecision explain(FederatedStageConfig stage) {
    throw new AssertionError("a stage does not ask for an explanation");
  }

  @Override
  public List<RegionSnapshot> everyRegion() {
    return federation.regions().stream()
        .map(
            region ->
                known
                    .getOrDefault(region.name(), UnaryOperator.identity())
                    .apply(FederationSnapshots.fromFile(region))
                    .build())
        .toList();
  }

  @Override
  public void started(String executionKey, String region) {
    started.add(region);
  }

  @Override
  public void ended(String executionKey, String region, ExecutionEnd end) {
    RegionError error = end.error();
    ends.add(end);
    ended.add(region + (error == null ? " succeeded" : " " + error.type().wireName()));
  }

  @Override
  public void hedgeEnded(String executionKey, String region, HedgeOutcome outcome) {
    hedges.add(region + " " + outcome.wireName());
  }

  @Override
  public void hedgesStarted(String runKey, int started) {
    hedges.add("started " + started);
  }

  @Override
  public void stageEnded(
      String runKey,
      FederationStrategy strategy,
      StageOutcome outcome,
      long latencyMs,
      List<String> left) {
    stages.add(strategy.wireName() + " " + outcome.wireName());
  }

  @Override
  public @Nullable Boolean polled(String region) {
    return polled.contains(region) ? Boolean.TRUE : null;
  }
}
