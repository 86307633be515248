package dev.federated.pipeline;

import static dev.federated.pipeline.Json.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PipelineGraphTest {
  private static PipelineGraph graph(String... lines) {
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (String line : lines) {
      String[] sides = line.split(":", 2);
      edges.put(sides[0], sides[1].isEmpty() ? List.of() : List.of(sides[1].split(",")));
    }
    return PipelineGraph.of(edges);
  }

  private static StageDefinition stage(String id, @Nullable String inputs, String... dependsOn) {
    return new StageDefinition(
        id,
        "transformer",
        json("{}"),
        inputs == null ? null : json(inputs),
        List.of(dependsOn),
        null);
  }

  @Test
  void aCycleIsNamedFromItsFirstStage() {
    assertThat(graph("x:", "a:b", "b:c", "c:a,x").cycles()).containsExactly(List.of("a", "b", "c"));
  }

  @Test
  void theShortestCycleOfAGroupIsNamed() {
    assertThat(graph("a:b,c", "b:c", "c:a").cycles()).containsExactly(List.of("a", "c"));
  }

  @Test
  void separateCyclesAreAllFound() {
    assertThat(graph("a:b", "b:a", "c:d,a", "d:c", "e:e").cycles())
        .containsExactly(List.of("a", "b"), List.of("c", "d"), List.of("e"));
  }

  @Test
  void aCycleHasNoOrder() {
    PipelineGraph graph = graph("a:b", "b:a");
    assertThatThrownBy(graph::topologicalOrder)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("[a, b]");
  }

  @Test
  void anUnknownStageIsRefused() {
    PipelineGraph graph = graph("a:");
    assertThatThrownBy(() -> graph.dependencies("b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'b'");
    assertThat(graph.dependsOn("a", "b")).isFalse();
  }

  @Test
  void dependenciesReachThroughOthers() {
    PipelineGraph graph = graph("d:c,b", "c:a", "b:a", "a:", "e:");
    assertThat(graph.dependencies("d")).containsExactly("c", "b");
    assertThat(graph.transitiveDependencies("d")).containsExactly("c", "b", "a");
    assertThat(graph.dependsOn("d", "a")).isTrue();
    assertThat(graph.dependsOn("a", "d")).isFalse();
    assertThat(graph.dependents("a")).containsExactly("c", "b");
    assertThat(graph.sinks()).containsExactly("d", "e");
    assertThat(graph.topologicalOrder()).containsExactly("a", "c", "b", "d", "e");
  }

  @Test
  void aChainOfAThousandStagesNeedsNoDeepStack() {
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (int i = 0; i < 1_000; i++) {
      edges.put("s" + i, i == 999 ? List.of() : List.of("s" + (i + 1)));
    }
    PipelineGraph graph = PipelineGraph.of(edges);
    assertThat(graph.topologicalOrder()).hasSize(1_000).startsWith("s999").endsWith("s0");
    assertThat(graph.transitiveDependencies("s0")).hasSize(999);
  }

  @Test
  void aStageWithoutInputsTakesWhatIsUpstream() throws Exception {
    FixedScope scope = FixedScope.ofInput("{i: 1}").output("a", "[1]").output("b", "null");

    assertThat(PipelineGraph.inputs(stage("x", null), scope)).isEqualTo(json("{i: 1}"));
    assertThat(PipelineGraph.inputs(stage("x", null, "a"), scope)).isEqualTo(json("[1]"));
    assertThat(PipelineGraph.inputs(stage("x", null, "b"), scope).isNull()).isTrue();
    assertThat(PipelineGraph.inputs(stage("x", null, "b", "a"), scope))
        .isEqualTo(json("{b: null, a: [1]}"));
    assertThat(PipelineGraph.inputs(stage("x", "{v: '{{upstream.a[0]}}'}", "a"), scope))
        .isEqualTo(json("{v: 1}"));
    assertThatThrownBy(() -> PipelineGraph.inputs(stage("x", null, "c"), scope))
        .isInstanceOf(IllegalStateException.class);
  }

  @Test
  void theOutputIsTheNamedStagesElseTheOnlySinksElseAllSinksById() {
    FixedScope scope = FixedScope.ofInput("{}").output("a", "1").output("b", "2");

    assertThat(graph("a:", "b:a").output("a", scope)).isEqualTo(json("1"));
    assertThat(graph("a:", "b:a").output(null, scope)).isEqualTo(json("2"));
    assertThat(graph("a:", "b:").output(null, scope)).isEqualTo(json("{a: 1, b: 2}"));
    assertThat(graph("a:", "b:", "skipped:").output(null, scope)).isEqualTo(json("{a: 1, b: 2}"));
    assertThat(graph("a:", "c:a").output(null, scope)).isNull();
  }

  @Property(tries = 200)
  void everyStageComesAfterWhatItDependsOn(
      @ForAll @IntRange(min = 1, max = 40) int size, @ForAll long seed) {
    Map<String, List<String>> edges = randomDag(size, new Random(seed));
    PipelineGraph graph = PipelineGraph.of(edges);

    List<String> order = graph.topologicalOrder();

    assertThat(graph.cycles()).isEmpty();
    assertThat(order).containsExactlyInAnyOrderElementsOf(edges.keySet());
    edges.forEach(
        (id, dependencies) -> {
          for (String dependency : dependencies) {
            assertThat(order.indexOf(dependency)).isLessThan(order.indexOf(id));
            assertThat(graph.transitiveDependencies(id))
                .contains(dependency)
                .containsAll(graph.transitiveDependencies(dependency))
                .doesNotContain(id);
          }
        });
  }

  @Property(tries = 200)
  void aCycleIsAlwaysFoundAndIsOne(
      @ForAll @IntRange(min = 2, max = 40) int size, @ForAll long seed) {
    Random random = new Random(seed);
    Map<String, List<String>> edges = randomDag(size, random);
    List<String> ring = new ArrayList<>(edges.keySet());
    Collections.shuffle(ring, random);
    int length = 1 + random.nextInt(size);
    for (int i = 0; i < length; i++) {
      List<String> more = new ArrayList<>(edges.get(ring.get(i)));
      more.add(ring.get((i + 1) % length));
      edges.put(ring.get(i), more);
    }

    List<List<String>> cycles = PipelineGraph.of(edges).cycles();

    assertThat(cycles).isNotEmpty();
    for (List<String> cycle : cycles) {
      for (int i = 0; i < cycle.size(); i++) {
        assertThat(edges.get(cycle.get(i))).contains(cycle.get((i + 1) % cycle.size()));
      }
    }
  }

  private static Map<String, List<String>> randomDag(int size, Random random) {
    List<String> names = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      names.add("s" + i);
    }
    List<String> order = new ArrayList<>(names);
    Collections.shuffle(order, random);
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (String name : names) {
      List<String> earlier = new ArrayList<>(order.subList(0, order.indexOf(name)));
      Collections.shuffle(earlier, random);
      edges.put(name, earlier.subList(0, Math.min(earlier.size(), random.nextInt(4))));
    }
    return edges;
  }
}
