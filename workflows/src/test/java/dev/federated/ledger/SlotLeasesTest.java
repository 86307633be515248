package dev.federated.ledger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.federated.ledger.SlotGrant.RegionGrant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class SlotLeasesTest {
  private static final long VALID_MS = 20_000;

  private final SlotLeases leases = new SlotLeases(Map.of());
  private final Map<String, Long> sequences = new HashMap<>();

  @Test
  void aWorkerThatComesLaterGetsNothingThatAnotherStillHolds() {
    assertThat(claim("first", 4, 0, 0)).isEqualTo(new RegionGrant(4, 4, 0));

    assertThat(claim("second", 4, 0, 1)).isEqualTo(new RegionGrant(0, 2, 4));
  }

  @Test
  void slotsThatWereGivenUpGoToWhoeverWaitsForThem() {
    var unused = claim("first", 4, 0, 0);
    unused = claim("second", 4, 0, 1);

    assertThat(claim("first", 4, 4, 2)).isEqualTo(new RegionGrant(2, 2, 0));
    assertThat(claim("second", 4, 0, 3)).isEqualTo(new RegionGrant(0, 2, 4));
    assertThat(claim("first", 4, 3, 4)).isEqualTo(new RegionGrant(2, 2, 0));
    assertThat(claim("second", 4, 0, 5)).isEqualTo(new RegionGrant(1, 2, 3));
    assertThat(claim("first", 4, 2, 6)).isEqualTo(new RegionGrant(2, 2, 1));
    assertThat(claim("second", 4, 1, 7)).isEqualTo(new RegionGrant(2, 2, 2));
  }

  @Test
  void whatIsLeftOverGoesToThoseThatCameFirst() {
    var unused = claim("first", 5, 0, 0);
    unused = claim("second", 5, 0, 0);
    unused = claim("third", 5, 0, 0);

    assertThat(claim("first", 5, 0, 1).share()).isEqualTo(2);
    assertThat(claim("second", 5, 0, 1).share()).isEqualTo(2);
    assertThat(claim("third", 5, 0, 1).share()).isEqualTo(1);
  }

  @Test
  void whoeverIsNotHeardOfInTimeHoldsNothing() {
    var unused = claim("first", 4, 0, 0);

    assertThat(claim("second", 4, 0, VALID_MS).slots()).isZero();
    assertThat(claim("second", 4, 0, VALID_MS + 1)).isEqualTo(new RegionGrant(4, 4, 0));
  }

  @Test
  void aClaimThatComesLateChangesNothing() {
    var unused = claim("first", 4, 0, 0);
    SlotClaim late = message("first", 1, 4, 3);

    unused = leases.claim(message("first", 2, 4, 0), 1).byRegion().get("us");
    unused = leases.claim(late, 2).byRegion().get("us");

    assertThat(leases.state().get("us").get("first").sequence()).isEqualTo(2);
    assertThat(leases.state().get("us").get("first").held()).isEqualTo(4);
  }

  @Test
  void aWorkerThatLeavesKeepsWhatItUsesUntilItIsReleased() {
    var unused = claim("first", 4, 0, 0);
    unused = claim("first", 0, 3, 1);

    assertThat(claim("second", 4, 0, 2)).isEqualTo(new RegionGrant(1, 4, 3));

    leases.release("first");

    assertThat(claim("second", 4, 1, 3)).isEqualTo(new RegionGrant(4, 4, 0));
    assertThat(leases.state().get("us")).containsOnlyKeys("second");
  }

  /** Any claims in any order, each of a worker that uses all it may, or ends some executions. */
  @Property(tries = 300)
  void workersNeverUseMoreThanTheLimitTogether(
      @ForAll @IntRange(min = 1, max = 9) int limit, @ForAll("moves") List<Move> moves) {
    SlotLeases all = new SlotLeases(Map.of());
    Map<Integer, Integer> granted = new HashMap<>();
    Map<Integer, Integer> used = new HashMap<>();
    List<String> trace = new ArrayList<>();
    long now = 0;
    for (Move move : moves) {
      int worker = move.worker();
      now++;
      used.merge(worker, -move.ended(), (running, ended) -> Math.max(0, running + ended));
      int held = Math.max(granted.getOrDefault(worker, 0), used.getOrDefault(worker, 0));
      SlotClaim claim =
          new SlotClaim(
              "worker-" + worker,
              now,
              VALID_MS,
              Map.of("us", new SlotClaim.RegionSlots(limit, Math.max(0, held))));
      int slots = all.claim(claim, now).byRegion().get("us").slots();
      granted.put(worker, slots);
      used.merge(worker, slots, Math::max);
      trace.add("%s: %d, used %s".formatted(move, slots, used));
      assertThat(used.values().stream().mapToInt(Integer::intValue).sum())
          .as("%s", trace)
          .isLessThanOrEqualTo(limit);
    }
  }

  @Provide
  Arbitrary<List<Move>> moves() {
    return Combinators.combine(
            Arbitraries.integers().between(1, 4), Arbitraries.integers().between(0, 5))
        .as(Move::new)
        .list()
        .ofMaxSize(40);
  }

  record Move(int worker, int ended) {}

  private RegionGrant claim(String worker, int limit, int held, long now) {
    long sequence = sequences.merge(worker, 1L, Long::sum);
    return leases.claim(message(worker, sequence, limit, held), now).byRegion().get("us");
  }

  private static SlotClaim message(String worker, long sequence, int limit, int held) {
    return new SlotClaim(
        worker, sequence, VALID_MS, Map.of("us", new SlotClaim.RegionSlots(limit, held)));
  }
}
