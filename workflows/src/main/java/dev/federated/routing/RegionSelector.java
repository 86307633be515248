package dev.federated.routing;

import dev.federated.model.Candidate;
import dev.federated.model.DataLocation;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.FederationStrategy;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.RoutingDecision;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Selects the regions of a stage: a pure function of the stage's federation block and a recorded
 * snapshot. What it decides is part of histories: a change to a score or an order has to be guarded
 * by a workflow version.
 */
public final class RegionSelector {
  private static final double BYTES_PER_GB = 1e9;

  /** Lower scores first, unknown ones last, then priority, then name. */
  private static final Comparator<Ranked> BY_SCORE =
      Comparator.comparing(Ranked::score, Comparator.nullsLast(Comparator.<Double>naturalOrder()))
          .thenComparing(RegionSelector::byPriority);

  private final FederatedStageConfig config;
  private final WorldSnapshot snapshot;
  private final FederationStrategy strategy;

  private RegionSelector(FederatedStageConfig config, WorldSnapshot snapshot) {
    this.config = config;
    this.snapshot = snapshot;
    this.strategy = strategy(config, snapshot);
  }

  /** A region with its score; null where the score is not known. */
  private record Ranked(RegionSnapshot region, @Nullable Double score, String reason) {}

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
   * of them for parallel and sequential, the best one for the other strategies, none if no region
   * is eligible.
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
    String explicit = config.fallbackRegion();
    if (explicit != null && !explicit.equals(failed)) {
      RegionSnapshot region = snapshot.region(explicit);
      if (region != null && Eligibility.of(region, config).eligible()) {
        return explicit;
      }
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

  private RoutingDecision decide() {
    List<RegionSnapshot> eligible = new ArrayList<>();
    List<Candidate> ineligible = new ArrayList<>();
    for (RegionSnapshot region : inOrder(config, snapshot)) {
      Eligibility eligibility = Eligibility.of(region, config);
      if (eligibility.eligible()) {
        eligible.add(region);
      } else {
        ineligible.add(new Candidate(region.name(), false, null, eligibility.reason()));
      }
    }
    List<Ranked> ranked = rank(eligible);
    List<Candidate> candidates = new ArrayList<>();
    for (Ranked candidate : ranked) {
      candidates.add(
          new Candidate(candidate.region().name(), true, candidate.score(), candidate.reason()));
    }
    candidates.addAll(ineligible);
    List<String> chosen = new ArrayList<>();
    for (Ranked candidate :
        ranked.subList(0, strategy.replicated() ? ranked.size() : Math.min(1, ranked.size()))) {
      chosen.add(candidate.region().name());
    }
    return new RoutingDecision(strategy, chosen, reason(ranked, candidates), candidates);
  }

  /** The candidates as the stage lists them, or by priority and name where it lists none. */
  public static List<RegionSnapshot> inOrder(FederatedStageConfig config, WorldSnapshot snapshot) {
    if (!config.regions().isEmpty()) {
      return snapshot.candidates();
    }
    List<RegionSnapshot> all = new ArrayList<>(snapshot.candidates());
    all.sort(
        Comparator.comparingInt(RegionSnapshot::priorityOrDefault)
            .thenComparing(RegionSnapshot::name));
    return all;
  }

  private List<Ranked> rank(List<RegionSnapshot> eligible) {
    return switch (strategy) {
      case PARALLEL, SEQUENTIAL -> byOrder(eligible);
      case NEAREST -> byDistance(eligible);
      case ROUND_ROBIN -> byTurn(eligible);
      case LEAST_LOADED -> byLoad(eligible);
      case COST_OPTIMIZED -> byCost(eligible);
    };
  }

  private static List<Ranked> byOrder(List<RegionSnapshot> eligible) {
    List<Ranked> ranked = new ArrayList<>();
    for (int i = 0; i < eligible.size(); i++) {
      ranked.add(new Ranked(eligible.get(i), (double) i, "number " + (i + 1) + " in order"));
    }
    return ranked;
  }

  private List<Ranked> byDistance(List<RegionSnapshot> eligible) {
    String origin = "the data";
    GeoPoint from = config.dataLocality() ? dataPlace() : null;
    DataLocation data = config.dataLocality() ? config.dataLocation() : null;
    String holder = data == null ? null : data.region();
    if (from == null && holder == null) {
      from = config.sourceLocation();
      origin = "the caller";
    }
    List<Ranked> ranked = new ArrayList<>();
    for (RegionSnapshot region : eligible) {
      GeoPoint place = region.place();
      if (region.name().equals(holder)) {
        ranked.add(new Ranked(region, 0.0, "holds the data"));
      } else if (from != null && place != null) {
        double km = Distance.km(from, place);
        ranked.add(new Ranked(region, km, "%s km from %s".formatted(rounded(km, 0), origin)));
      } else if (from != null || holder != null) {
        ranked.add(new Ranked(region, null, "distance unknown: it has no coordinates"));
      } else if (region.latencyMs() != null) {
        String reason = "%s ms measured latency".formatted(rounded(region.latencyMs(), 1));
        ranked.add(new Ranked(region, region.latencyMs(), reason));
      } else {
        ranked.add(new Ranked(region, null, "no location is given and no latency is measured yet"));
      }
    }
    ranked.sort(BY_SCORE);
    return ranked;
  }

  /**
   * Tijdeman's rule for the chairman assignment problem (R. Tijdeman, Discrete Mathematics 32,
   * 1980): among the regions whose lag after this turn is at least 1/(2n−2), the one that has to
   * come earliest. It keeps every region's count within 1 − 1/(2n−2) of its weighted share, which
   * taking the largest lag does not. The score is the number of turns until the region would be
   * late.
   */
  private List<Ranked> byTurn(List<RegionSnapshot> eligible) {
    int n = eligible.size();
    double slack = n < 2 ? 0 : 1.0 / (2 * n - 2);
    double total = 0;
    for (RegionSnapshot region : eligible) {
      total += weight(region);
    }
    List<Ranked> due = new ArrayList<>();
    List<Ranked> early = new ArrayList<>();
    for (RegionSnapshot region : eligible) {
      double share = weight(region) / total;
      double lag = region.turn() == null ? 0 : region.turn();
      double turnsLeft = (1 - slack - lag) / share;
      String reason =
          "lags %s turns behind its share of %s".formatted(rounded(lag, 3), rounded(share, 3));
      // A rounding error of the accumulated lags must not make every region early.
      boolean isDue = lag + share >= slack - 1e-9;
      (isDue ? due : early).add(new Ranked(region, turnsLeft, reason));
    }
    due.sort(BY_SCORE);
    early.sort(BY_SCORE);
    due.addAll(early);
    return due;
  }

  private List<Ranked> byLoad(List<RegionSnapshot> eligible) {
    String holder = config.dataLocality() ? dataRegion() : null;
    List<Ranked> ranked = new ArrayList<>();
    for (RegionSnapshot region : eligible) {
      if (region.inFlight() == null && region.backlog() == null && region.picks() == null) {
        ranked.add(new Ranked(region, null, "load unknown"));
        continue;
      }
      double inFlight = region.inFlight() == null ? 0 : region.inFlight();
      long backlog = region.backlog() == null ? 0 : region.backlog();
      int picks = region.picks() == null ? 0 : region.picks();
      int slots = region.maxConcurrent() == null ? 1 : region.maxConcurrent();
      String reason =
          "(%s in flight + %d waiting + %d picked) of %d"
              .formatted(rounded(inFlight, 1), backlog, picks, slots);
      ranked.add(new Ranked(region, (inFlight + backlog + picks) / slots, reason));
    }
    ranked.sort(
        Comparator.comparing((Ranked candidate) -> !candidate.region().name().equals(holder))
            .thenComparing(BY_SCORE));
    return ranked;
  }

  private List<Ranked> byCost(List<RegionSnapshot> eligible) {
    String holder = dataRegion();
    List<Ranked> ranked = new ArrayList<>();
    for (RegionSnapshot region : eligible) {
      Double execution = region.costPerExecution();
      Double token = region.costPerToken();
      if (execution == null && token == null && region.egressCostPerGb() == null) {
        ranked.add(new Ranked(region, null, "no price"));
        continue;
      }
      double perExecution = execution == null ? 0 : execution;
      double perTokens = token == null ? 0 : token * config.expectedTokens();
      double egress = egress(region, holder);
      double cost = perExecution + perTokens + egress;
      String reason =
          cost == 0
              ? "free"
              : "%s for the execution + %s for tokens + %s to move the data"
                  .formatted(rounded(perExecution, 6), rounded(perTokens, 6), rounded(egress, 6));
      ranked.add(new Ranked(region, cost, reason));
    }
    ranked.sort(BY_SCORE);
    return ranked;
  }

  /**
   * What it costs to bring the data to the region: nothing where the data is, else its size at the
   * price of the region that it leaves, or at the candidate's own where that one has none.
   */
  private double egress(RegionSnapshot region, @Nullable String holder) {
    if (config.dataSizeBytes() == 0 || region.name().equals(holder)) {
      return 0;
    }
    RegionSnapshot from = holder == null ? null : snapshot.region(holder);
    Double price = from == null ? null : from.egressCostPerGb();
    if (price == null) {
      price = region.egressCostPerGb();
    }
    return price == null ? 0 : price * (config.dataSizeBytes() / BYTES_PER_GB);
  }

  /** Where the data is, if the stage says so and the place is known. */
  private @Nullable GeoPoint dataPlace() {
    DataLocation location = config.dataLocation();
    if (location == null) {
      return null;
    }
    if (location.point() != null) {
      return location.point();
    }
    RegionSnapshot region = location.region() == null ? null : snapshot.region(location.region());
    return region == null ? null : region.place();
  }

  /** The region that holds the data: the one named, or the nearest candidate to its coordinates. */
  private @Nullable String dataRegion() {
    DataLocation location = config.dataLocation();
    if (location == null) {
      return null;
    }
    if (location.region() != null) {
      return location.region();
    }
    GeoPoint place = dataPlace();
    String nearest = null;
    double least = Double.POSITIVE_INFINITY;
    for (RegionSnapshot region : snapshot.candidates()) {
      GeoPoint candidate = region.place();
      if (place != null && candidate != null && Distance.km(place, candidate) < least) {
        least = Distance.km(place, candidate);
        nearest = region.name();
      }
    }
    return nearest;
  }

  private String reason(List<Ranked> ranked, List<Candidate> candidates) {
    if (ranked.isEmpty()) {
      StringBuilder why = new StringBuilder("no eligible region");
      String separator = ": ";
      for (Candidate candidate : candidates) {
        why.append(separator)
            .append(candidate.region())
            .append(" (")
            .append(candidate.reason())
            .append(')');
        separator = ", ";
      }
      return why.toString();
    }
    int left = candidates.size() - ranked.size();
    String leftOut = left == 0 ? "" : "; " + left + " not eligible";
    if (strategy.replicated()) {
      return "%s: %d of %d regions%s"
          .formatted(strategy.wireName(), ranked.size(), candidates.size(), leftOut);
    }
    Ranked best = ranked.get(0);
    return "%s: %s, %s%s"
        .formatted(strategy.wireName(), best.region().name(), best.reason(), leftOut);
  }

  private static int byPriority(Ranked a, Ranked b) {
    int byPriority =
        Integer.compare(a.region().priorityOrDefault(), b.region().priorityOrDefault());
    return byPriority != 0 ? byPriority : a.region().name().compareTo(b.region().name());
  }

  private static double weight(RegionSnapshot region) {
    return region.weight() == null ? 1 : region.weight();
  }

  private static String rounded(double value, int digits) {
    String text = String.format(Locale.ROOT, "%." + digits + "f", value);
    return text.contains(".") ? text.replaceAll("0+$", "").replaceAll("\\.$", "") : text;
  }
}
