package dev.federated.routing;

import dev.federated.model.Candidate;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one execution of a stage is expected to cost in a region, in the currency of the
 * federation's prices: the execution, its tokens, and the move of the stage's data to the region.
 * The one place that estimates, for every strategy and for {@code max_cost}.
 *
 * <p>Tokens are those that the stage expects, else the mean of the region's own history, else 0.
 * Each data set moves from the region that holds it (the one named, or the nearest candidate to its
 * coordinates): for nothing within it, else at its price to the region, else at its price to
 * anywhere, else, where it is not known or has no price, at the region's own. Prices of moves are
 * in the snapshots of stages whose data have a size, whatever their strategy.
 */
public final class ExecutionCosts {
  private static final double BYTES_PER_GB = 1e9;

  /** By how much sums of prices may be off because they are binary fractions. */
  private static final double ROUNDING = 1e-9;

  private final FederatedStageConfig config;
  private final WorldSnapshot snapshot;

  /** The stage's data; null where nothing has to be moved, whatever the region. */
  private final @Nullable DataHolders data;

  /** Costs of that stage in the world of that snapshot. */
  public ExecutionCosts(FederatedStageConfig config, WorldSnapshot snapshot) {
    this.config = config;
    this.snapshot = snapshot;
    this.data =
        config.dataSizeBytes() == 0 && config.dataLocation() == null
            ? null
            : new DataHolders(config, snapshot);
  }

  /** The estimate for a region, 0 or more; null if the region has no price at all. */
  public @Nullable Double of(RegionSnapshot region) {
    return priced(region) ? total(region) : null;
  }

  /** The estimate for one execution in each of these; null if the price of one is not known. */
  public @Nullable Double ofAll(List<String> regions) {
    double sum = 0;
    for (String name : regions) {
      RegionSnapshot region = snapshot.region(name);
      Double cost = region == null ? null : of(region);
      if (cost == null) {
        return null;
      }
      sum += cost;
    }
    return sum;
  }

  /** Whether the region has any price. */
  public static boolean priced(RegionSnapshot region) {
    return region.costPerExecution() != null
        || region.costPerToken() != null
        || region.egressCostPerGb() != null;
  }

  /**
   * What an execution cost by the prices of its region, which said nothing of the cost itself.
   *
   * @param tokens tokens that it used
   */
  public double spent(RegionSnapshot region, long tokens) {
    Double token = region.costPerToken();
    return execution(region) + (token == null ? 0 : token * tokens) + move(region);
  }

  /** Whether an execution in the region is alone more than the stage may cost. */
  public boolean over(RegionSnapshot region) {
    Double most = config.maxCost();
    return most != null && exceeds(total(region), most);
  }

  /** Whether a sum of prices is more than that, beyond what rounding explains. */
  public static boolean exceeds(double cost, double most) {
    return cost > most + ROUNDING * Math.max(most, Math.ulp(1.0));
  }

  /** An amount of money as messages show it: up to six digits behind the point. */
  public static String amount(double cost) {
    return new Reason().begin("").add(cost, Reason.MOST_PLACES).toString();
  }

  /** A region that costs more than the stage may. */
  Candidate tooDear(RegionSnapshot region) {
    double most = config.maxCost() == null ? 0 : config.maxCost();
    double cost = total(region);
    String why = "over max_cost: %s > %s".formatted(amount(cost), amount(most));
    return new Candidate(region.name(), false, null, why, cost);
  }

  /** What the execution alone costs. */
  double execution(RegionSnapshot region) {
    Double price = region.costPerExecution();
    return price == null ? 0 : price;
  }

  /** What the tokens cost that are expected of it. */
  double tokens(RegionSnapshot region) {
    Double price = region.costPerToken();
    if (price == null) {
      return 0;
    }
    Double mean = region.meanTokens();
    return price * (config.expectedTokens() > 0 || mean == null ? config.expectedTokens() : mean);
  }

  /** What it costs to bring the data to the region. */
  double move(RegionSnapshot region) {
    double cost = 0;
    if (data != null) {
      for (DataHolders.Move move : data.movesTo(region.name())) {
        cost += pricePerGigabyte(move.from(), region) * (move.bytes() / BYTES_PER_GB);
      }
    }
    return cost;
  }

  private static double pricePerGigabyte(@Nullable RegionSnapshot from, RegionSnapshot to) {
    if (from != null) {
      Double pair =
          from.egressCostPerGbTo() == null ? null : from.egressCostPerGbTo().get(to.name());
      if (pair != null) {
        return pair;
      }
      if (from.egressCostPerGb() != null) {
        return from.egressCostPerGb();
      }
    }
    return to.egressCostPerGb() == null ? 0 : to.egressCostPerGb();
  }

  /** The estimate, with 0 for what has no price. */
  double total(RegionSnapshot region) {
    return execution(region) + tokens(region) + move(region);
  }
}
