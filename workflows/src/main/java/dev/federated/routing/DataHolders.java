package dev.federated.routing;

import dev.federated.model.DataLocation;
import dev.federated.model.DataSet;
import dev.federated.model.FederatedStageConfig;
import dev.federated.model.GeoPoint;
import dev.federated.model.RegionSnapshot;
import dev.federated.model.WorldSnapshot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which regions hold a stage's data, and what has to move where. A data set at coordinates is held
 * by the nearest candidate.
 */
final class DataHolders {
  private final WorldSnapshot snapshot;
  private final List<DataSet> sets;
  private final List<@Nullable String> holders = new ArrayList<>();
  private final List<@Nullable RegionSnapshot> known = new ArrayList<>();

  /** Bytes of which nothing says where they are. */
  private final long unplaced;

  /** Bytes that have to move, and the region that they leave; null where none is known. */
  record Move(@Nullable RegionSnapshot from, long bytes) {}

  /** A place that some of the data is at, and its part of all whose place is known. */
  record WeightedPlace(GeoPoint place, double part) {}

  /** The data of that stage. */
  DataHolders(FederatedStageConfig config, WorldSnapshot snapshot) {
    this.snapshot = snapshot;
    DataLocation location = config.dataLocation();
    this.sets = location == null ? List.of() : location.sets(config.dataSizeBytes());
    for (DataSet set : sets) {
      RegionSnapshot holder =
          set.point() != null
              ? nearest(set.point(), snapshot.candidates())
              : set.region() == null ? null : snapshot.region(set.region());
      known.add(holder);
      holders.add(holder == null ? set.region() : holder.name());
    }
    this.unplaced = location == null ? config.dataSizeBytes() : 0;
  }

  /** What has to move for the stage to run in that region; nothing where all of the data is. */
  List<Move> movesTo(String region) {
    List<Move> moves = new ArrayList<>();
    if (unplaced > 0) {
      moves.add(new Move(null, unplaced));
    }
    for (int i = 0; i < sets.size(); i++) {
      if (sets.get(i).sizeBytes() > 0 && !region.equals(holders.get(i))) {
        moves.add(new Move(known.get(i), sets.get(i).sizeBytes()));
      }
    }
    return moves;
  }

  /** The data's region: the one that holds most bytes, the first of several; null for none. */
  @Nullable String dataRegion() {
    Map<String, Long> held = new LinkedHashMap<>();
    for (int i = 0; i < sets.size(); i++) {
      String holder = holders.get(i);
      if (holder != null) {
        held.merge(holder, sets.get(i).sizeBytes(), Long::sum);
      }
    }
    String most = null;
    long bytes = -1;
    for (Map.Entry<String, Long> region : held.entrySet()) {
      if (region.getValue() > bytes) {
        most = region.getKey();
        bytes = region.getValue();
      }
    }
    return most;
  }

  /** Where the data is, as far as that is known: each place with its part of the bytes. */
  List<WeightedPlace> places() {
    double total = 0;
    int placed = 0;
    for (DataSet set : sets) {
      if (place(set) != null) {
        total += set.sizeBytes();
        placed++;
      }
    }
    List<WeightedPlace> places = new ArrayList<>();
    for (DataSet set : sets) {
      GeoPoint place = place(set);
      if (place != null) {
        places.add(
            new WeightedPlace(
                place, placed == 1 ? 1 : total == 0 ? 1.0 / placed : set.sizeBytes() / total));
      }
    }
    return places;
  }

  /**
   * The region that goes first whatever its distance, or null: the one that holds all of the data,
   * and where some of it is nobody knows where, the one that holds most.
   */
  @Nullable String nearestByName() {
    if (sets.size() == 1) {
      return sets.get(0).region();
    }
    return sets.stream().allMatch(set -> place(set) != null) ? null : dataRegion();
  }

  private @Nullable GeoPoint place(DataSet set) {
    if (set.point() != null) {
      return set.point();
    }
    RegionSnapshot region = set.region() == null ? null : snapshot.region(set.region());
    return region == null ? null : region.place();
  }

  /** The region nearest to a place, by priority and name among equals; null if none has a place. */
  static @Nullable RegionSnapshot nearest(GeoPoint point, List<RegionSnapshot> regions) {
    Distance distance = Distance.from(point);
    RegionSnapshot nearest = null;
    double least = Double.POSITIVE_INFINITY;
    for (RegionSnapshot region : regions) {
      Double latitude = region.latitude();
      Double longitude = region.longitude();
      if (latitude == null || longitude == null) {
        continue;
      }
      double km = distance.km(latitude, longitude);
      boolean tie =
          km == least && nearest != null && Ranking.BY_PRIORITY.compare(region, nearest) < 0;
      if (km < least || tie) {
        least = km;
        nearest = region;
      }
    }
    return nearest;
  }
}
