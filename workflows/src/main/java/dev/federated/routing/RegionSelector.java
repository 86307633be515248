package dev.federated.routing;

import dev.federated.model.Candidate;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Selects the regions of a stage: a pure function of the stage's federation block and a recorded
 * snapshot. What it decides is part of histories: a change to a score or an order has to be guarded
 * by a workflow version.
 */
public final class RegionSelector {
  private final FederatedStageConfig config;
  private final WorldSnapshot snapshot;
  private final FederationStrategy strategy;
  private final ExecutionCosts costs;
  private final Reason reason = new Reason();

  private RegionSelector(FederatedStageConfig config, WorldSnapshot snapshot) {
    this.config = config;
    this.snapshot = snapshot;
    this.strategy = strategy(config, snapshot);
    this.costs = new ExecutionCosts(config, snapshot);
  }

  /** The strategy of a stage: its own, else the federation's default, else parallel. */
  public static FederationStrategy strategy(FederatedStageConfig config, WorldSnapshot snapshot) {
    if (config.strategy() != null) {
      return config.strategy();
    }
    FederationStrategy byDefault = snapshot.defaultStrategy();
    return byDefault == null ? FederationStrategy.PARALLEL : byDefault;
  }

  /**
   * Selects. {@code chosen} holds the eligible regions in the order in which they are called: all
   * of them for parallel and sequential, for the other strategies the best one or, if none is
   * eligible, the stage's fallback region.
   */
  public static RoutingDecision decide(FederatedStageConfig config, WorldSnapshot snapshot) {
    return new RegionSelector(config, snapshot).decide();
  }

  /**
   * The region that takes over a share that failed: the stage's fallback region if it is eligible,
   * else for a single-target strategy that retries the next-ranked candidate, else none.
   *
   * @param failed the region that the share failed in
   */
  public static @Nullable String fallback(
      FederatedStageConfig config,
      WorldSnapshot snapshot,
      RoutingDecision decision,
      String failed) {
    String explicit = explicitFallback(config, snapshot);
    if (explicit != null && !explicit.equals(failed)) {
      return explicit;
    }
    if (decision.strategy().replicated() || !config.retryOnFailure()) {
      return null;
    }
    for (Candidate candidate : decision.candidates()) {
      if (candidate.eligible() && !candidate.region().equals(failed)) {
        return candidate.region();
      }
    }
    return null;
  }

  /**
   * The region that takes over a part of a partitioned array: the stage's fallback region if it is
   * eligible and has not failed, else for a stage that retries the next candidate in order that is
   * eligible and has not failed, beginning anew after the last, else none. One region may take over
   * several parts.
   *
   * @param from the region that the part was in
   * @param failed the regions that failed meanwhile
   */
  public static @Nullable String takesOver(
      FederatedStageConfig config,
      WorldSnapshot snapshot,
      RoutingDecision decision,
      String from,
      Set<String> failed) {
    String explicit = explicitFallback(config, snapshot);
    if (explicit != null && !explicit.equals(from) && !failed.contains(explicit)) {
      return explicit;
    }
    if (!config.retryOnFailure()) {
      return null;
    }
    String first = null;
    boolean behind = false;
    for (Candidate candidate : decision.candidates()) {
      String region = candidate.region();
      if (region.equals(from)) {
        behind = true;
      } else if (candidate.eligible() && !failed.contains(region)) {
        if (behind) {
          return region;
        }
        first = first == null ? region : first;
      }
    }
    return first;
  }

  /** The fallback region that the stage names, if it may run the stage; else null. */
  public static @Nullable String explicitFallback(
      FederatedStageConfig config, WorldSnapshot snapshot) {
    String fallback = config.fallbackRegion();
    RegionSnapshot region = fallback == null ? null : snapshot.region(fallback);
    return region != null
            && Eligibility.of(region, config).eligible()
            && !new ExecutionCosts(config, snapshot).over(region)
        ? fallback
        : null;
  }

  /**
   * Why nothing of the stage may start under its {@code max_cost}: a replicated stage's regions
   * cost more together, or no region that may run another stage costs so little, its fallback
   * included; null if the stage may start, or if no region may run it whatever it costs.
   */
  public static @Nullable String overMaxCost(FederatedStageConfig config, WorldSnapshot snapshot) {
    Double budget = config.maxCost();
    if (budget == null) {
      return null;
    }
    boolean replicated = strategy(config, snapshot).replicated();
    ExecutionCosts costs = new ExecutionCosts(config, snapshot);
    Eligibility.Rules rules = new Eligibility.Rules(config);
    RegionSnapshot cheapest = null;
    double sum = 0;
    int regions = 0;
    int most = replicated ? mostRegions(config) : Integer.MAX_VALUE;
    for (RegionSnapshot region : inOrder(config, snapshot)) {
      if (regions < most && rules.of(region).eligible()) {
        regions++;
        sum += costs.total(region);
        if (cheapest == null || costs.total(region) < costs.total(cheapest)) {
          cheapest = region;
        }
      }
    }
    if (cheapest == null) {
      return null;
    }
    if (replicated) {
      return ExecutionCosts.exceeds(sum, budget)
          ? "max_cost is %s, and %s estimated to cost %s"
              .formatted(
                  ExecutionCosts.amount(budget),
                  regions == 1 ? cheapest.name() + " is" : "its " + regions + " regions are",
                  ExecutionCosts.amount(sum))
          : null;
    }
    return costs.over(cheapest) && explicitFallback(config, snapshot) == null
        ? "max_cost is %s, and the cheapest region, %s, is estimated to cost %s"
            .formatted(
                ExecutionCosts.amount(budget),
                cheapest.name(),
                ExecutionCosts.amount(costs.total(cheapest)))
        : null;
  }

  /** Why a stage that names regions which the federation does not have cannot start, or null. */
  public static @Nullable String unknownRegions(WorldSnapshot snapshot) {
    List<String> unknown = snapshot.unknownRegions();
    return unknown == null || unknown.isEmpty()
        ? null
        : "the control worker's federation has no region named " + String.join(", ", unknown);
  }

  private RoutingDecision decide() {
    Eligibility.Rules rules = new Eligibility.Rules(config, snapshot);
    List<RegionSnapshot> inOrder = inOrder(config, snapshot);
    List<RegionSnapshot> eligible = new ArrayList<>(inOrder.size());
    List<Candidate> ineligible = new ArrayList<>();
    for (RegionSnapshot region : inOrder) {
      Eligibility eligibility = rules.of(region);
      if (eligibility.eligible()) {
        if (costs.over(region)) {
          ineligible.add(costs.tooDear(region));
        } else {
          eligible.add(region);
        }
      } else {
        ineligible.add(new Candidate(region.name(), false, null, eligibility.reason()));
      }
    }
    List<Candidate> ranked = rank(eligible);
    String over = strategy.replicated() ? overMaxCost(config, snapshot) : null;
    int called = Math.min(strategy.replicated() ? mostRegions(config) : 1, ranked.size());
    called = over == null ? called : 0;
    List<String> chosen = new ArrayList<>(called);
    for (Candidate candidate : ranked.subList(0, called)) {
      chosen.add(candidate.region());
    }
    String why = over == null ? reason(ranked, ineligible) : strategy.wireName() + ": " + over;
    if (rules.panic() && !ranked.isEmpty()) {
      why = "panic, no region is well: " + why;
    }
    String fallback = explicitFallback(config, snapshot);
    boolean hasInputs =
        config.regionInputs() == null || config.regionInputs().containsKey(fallback);
    if (ranked.isEmpty() && fallback != null && hasInputs && !strategy.replicated()) {
      chosen.add(fallback);
      why = strategy.wireName() + ": fallback region " + fallback + "; " + why;
    }
    return new RoutingDecision(strategy, chosen, why, all(ranked, ineligible));
  }

  private static List<Candidate> all(List<Candidate> ranked, List<Candidate> ineligible) {
    List<Candidate> all = new ArrayList<>(ranked.size() + ineligible.size());
    all.addAll(ranked);
    all.addAll(ineligible);
    return all;
  }

  /** The candidates as the stage lists them, or by priority and name where it lists none. */
  public static List<RegionSnapshot> inOrder(FederatedStageConfig config, WorldSnapshot snapshot) {
    if (!config.regions().isEmpty()) {
      return snapshot.candidates();
    }
    List<RegionSnapshot> all = new ArrayList<>(snapshot.candidates());
    all.sort(Ranking.BY_PRIORITY);
    return all;
  }

  /**
   * The regions that a replicated stage is sent to or that it names in its results, in order: all
   * candidates, or with {@code max_regions} so many of them, eligible ones before those that are
   * unavailable now, and those that are excluded.
   */
  public static List<RegionSnapshot> replicatedTo(
      FederatedStageConfig config, WorldSnapshot snapshot) {
    List<RegionSnapshot> inOrder = inOrder(config, snapshot);
    int most = mostRegions(config);
    if (inOrder.size() <= most) {
      return inOrder;
    }
    Eligibility.Rules rules = new Eligibility.Rules(config, snapshot);
    Set<String> taken = new HashSet<>();
    for (Eligibility.Verdict verdict :
        List.of(Eligibility.Verdict.ELIGIBLE, Eligibility.Verdict.UNAVAILABLE)) {
      for (RegionSnapshot region : inOrder) {
        if (taken.size() < most && rules.of(region).verdict() == verdict) {
          taken.add(region.name());
        }
      }
    }
    return inOrder.stream()
        .filter(
            region ->
                taken.contains(region.name())
                    || rules.of(region).verdict() == Eligibility.Verdict.EXCLUDED)
        .toList();
  }

  private static int mostRegions(FederatedStageConfig config) {
    Integer most = config.quorumOrDefault().maxRegions();
    return most == null ? Integer.MAX_VALUE : most;
  }

  private List<Candidate> rank(List<RegionSnapshot> eligible) {
    return switch (strategy) {
      case PARALLEL, SEQUENTIAL -> byOrder(eligible).asAdded();
      case NEAREST -> byDistance(eligible).sorted();
      case ROUND_ROBIN -> dataFirst(byTurn(eligible).sorted());
      case LEAST_LOADED -> oneOfTheLeast(byLoad(eligible).sorted());
      case COST_OPTIMIZED -> dataFirst(byCost(eligible).sorted());
    };
  }

  /** The data's region before the others, where the snapshot says that this is decided so. */
  private List<Candidate> dataFirst(List<Candidate> ranked) {
    String holder = Boolean.TRUE.equals(snapshot.dataFirst()) ? dataRegion(config, snapshot) : null;
    List<Candidate> ordered = new ArrayList<>(ranked.size());
    for (Candidate candidate : ranked) {
      if (candidate.region().equals(holder) && !comesBack(candidate.region())) {
        String why = "holds the data, " + candidate.reason();
        ordered.add(
            0,
            new Candidate(
                candidate.region(), true, candidate.score(), why, candidate.estimatedCost()));
      } else {
        ordered.add(candidate);
      }
    }
    return ordered;
  }

  private boolean comesBack(String name) {
    RegionSnapshot region = snapshot.region(name);
    return region != null && Boolean.TRUE.equals(region.comingBack());
  }

  /** The region that holds most of a stage's data, or null if nothing says which. */
  public static @Nullable String dataRegion(FederatedStageConfig config, WorldSnapshot snapshot) {
    return new DataHolders(config, snapshot).dataRegion();
  }

  private Ranking byOrder(List<RegionSnapshot> eligible) {
    Ranking ranking = new Ranking(eligible, costs);
    for (int i = 0; i < eligible.size(); i++) {
      ranking.add(i, Reason.inOrder(i + 1));
    }
    return ranking;
  }

  /**
   * By distance from the data, the mean over its bytes, else from the caller, else by latency. The
   * region that holds the data goes first even if nobody knows where it is.
   */
  private Ranking byDistance(List<RegionSnapshot> eligible) {
    DataHolders data = config.dataLocality() ? new DataHolders(config, snapshot) : null;
    List<DataHolders.WeightedPlace> from = data == null ? List.of() : data.places();
    String holder = data == null ? null : data.nearestByName();
    String origin = from.size() > 1 ? " km from the data on average" : " km from the data";
    GeoPoint caller = config.sourceLocation();
    if (from.isEmpty() && caller != null) {
      from = List.of(new DataHolders.WeightedPlace(caller, 1));
      origin = " km from the caller";
    }
    List<Distance> distances = new ArrayList<>(from.size());
    from.forEach(place -> distances.add(Distance.from(place.place())));
    Ranking ranking = new Ranking(eligible, costs);
    for (RegionSnapshot region : eligible) {
      Double latitude = region.latitude();
      Double longitude = region.longitude();
      Double latency = region.latencyMs();
      if (region.name().equals(holder)) {
        ranking.add(true, 0, "holds the data");
      } else if (!from.isEmpty() && latitude != null && longitude != null) {
        double km = 0;
        for (int i = 0; i < from.size(); i++) {
          km += from.get(i).part() * distances.get(i).km(latitude, longitude);
        }
        ranking.add(km, reason.begin("").add(km, 0).add(origin).toString());
      } else if (!from.isEmpty()) {
        ranking.addUnknown(false, "distance unknown: it has no coordinates");
      } else if (latency != null) {
        ranking.add(
            latency, reason.begin("").add(latency, 1).add(" ms measured latency").toString());
      } else {
        ranking.addUnknown(false, "no location is known and no latency is measured yet");
      }
    }
    return ranking;
  }

  /**
   * Tijdeman's rule for the chairman assignment problem (R. Tijdeman, Discrete Mathematics 32,
   * 1980): among the regions whose lag after this turn is at least 1/(2n−2), the one that has to
   * come earliest. It keeps every region's count within 1 − 1/(2n−2) of its weighted share, which
   * taking the largest lag does not. The score is the number of turns until the region would be
   * late.
   */
  private Ranking byTurn(List<RegionSnapshot> eligible) {
    int n = eligible.size();
    double slack = n < 2 ? 0 : 1.0 / (2 * n - 2);
    double total = 0;
    for (RegionSnapshot region : eligible) {
      total += weight(region);
    }
    Ranking ranking = new Ranking(eligible, costs);
    for (RegionSnapshot region : eligible) {
      double share = weight(region) / total;
      double lag = region.turn() == null ? 0 : region.turn();
      double turnsLeft = (1 - slack - lag) / share;
      // A rounding error of the accumulated lags must not make every region early.
      boolean due = lag + share >= slack - 1e-9;
      reason.begin("lags ").add(lag, 3).add(" turns behind its share of ").add(share, 3);
      ranking.add(due, turnsLeft, reason.toString());
    }
    return ranking;
  }

  private Ranking byLoad(List<RegionSnapshot> eligible) {
    String holder = config.dataLocality() ? dataRegion(config, snapshot) : null;
    Ranking ranking = new Ranking(eligible, costs);
    for (RegionSnapshot region : eligible) {
      boolean holdsData = region.name().equals(holder);
      if (region.inFlight() == null && region.backlog() == null && region.picks() == null) {
        ranking.addUnknown(holdsData, "load unknown");
        continue;
      }
      double inFlight = region.inFlight() == null ? 0 : region.inFlight();
      long backlog = region.backlog() == null ? 0 : region.backlog();
      int picks = region.picks() == null ? 0 : region.picks();
      int slots = region.maxConcurrent() == null ? 1 : region.maxConcurrent();
      reason.begin("(").add(inFlight, 1).add(" in flight + ").add(backlog).add(" waiting + ");
      reason.add(picks).add(" picked) of ").add(slots);
      ranking.add(holdsData, (inFlight + backlog + picks) / slots, reason.toString());
    }
    return ranking;
  }

  /**
   * Several control workers see the same figures and would all take the first of several regions
   * that are alike: which of those comes first is left to the seed.
   */
  private List<Candidate> oneOfTheLeast(List<Candidate> ranked) {
    Long seed = snapshot.tieSeed();
    if (seed == null || ranked.isEmpty()) {
      return ranked;
    }
    int alike = 1;
    while (alike < ranked.size() && alike(ranked.get(0), ranked.get(alike))) {
      alike++;
    }
    List<Candidate> least = new ArrayList<>(ranked);
    Collections.rotate(least.subList(0, alike), Math.floorMod(seed, alike));
    return least;
  }

  /** Whether nothing but the name tells two ranked regions apart. */
  private boolean alike(Candidate a, Candidate b) {
    RegionSnapshot first = snapshot.region(a.region());
    RegionSnapshot second = snapshot.region(b.region());
    return first != null
        && second != null
        && Objects.equals(a.score(), b.score())
        && Objects.equals(first.maxConcurrent(), second.maxConcurrent())
        && Objects.equals(first.comingBack(), second.comingBack())
        && first.priorityOrDefault() == second.priorityOrDefault();
  }

  private Ranking byCost(List<RegionSnapshot> eligible) {
    Ranking ranking = new Ranking(eligible, costs);
    for (RegionSnapshot region : eligible) {
      if (!ExecutionCosts.priced(region)) {
        ranking.addUnknown(false, "no price");
        continue;
      }
      double cost = costs.total(region);
      if (cost == 0) {
        ranking.add(0, "free");
        continue;
      }
      reason.begin("").add(costs.execution(region), 6).add(" for the execution + ");
      reason.add(costs.tokens(region), 6).add(" for tokens + ");
      reason.add(costs.move(region), 6).add(" to move the data");
      ranking.add(cost, reason.toString());
    }
    return ranking;
  }

  private String reason(List<Candidate> ranked, List<Candidate> ineligible) {
    if (ranked.isEmpty()) {
      StringBuilder why = new StringBuilder("no eligible region");
      String separator = ": ";
      for (Candidate candidate : ineligible) {
        why.append(separator)
            .append(candidate.region())
            .append(" (")
            .append(candidate.reason())
            .append(')');
        separator = ", ";
      }
      return why.toString();
    }
    reason.begin(strategy.wireName()).add(": ");
    if (strategy.replicated()) {
      int called = Math.min(mostRegions(config), ranked.size());
      reason.add(called).add(" of ").add(ranked.size() + ineligible.size()).add(" regions");
    } else {
      reason.add(ranked.get(0).region()).add(", ").add(ranked.get(0).reason());
    }
    if (!ineligible.isEmpty()) {
      reason.add("; ").add(ineligible.size()).add(" not eligible");
    }
    return reason.toString();
  }

  private static double weight(RegionSnapshot region) {
    return region.weight() == null ? 1 : region.weight();
  }
}
