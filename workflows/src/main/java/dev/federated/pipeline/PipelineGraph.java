package dev.federated.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Which stage depends on which. Every list is in the order of the document where nothing else is
 * said, so that a replay schedules the same things in the same order. Immutable.
 */
public final class PipelineGraph {
  private final List<String> ids;
  private final Map<String, Integer> positions = new LinkedHashMap<>();
  private final List<int[]> dependencies = new ArrayList<>();
  private final List<List<String>> dependents = new ArrayList<>();
  private final List<BitSet> reachable = new ArrayList<>();
  private final List<List<String>> cycles = new ArrayList<>();

  private PipelineGraph(Map<String, List<String>> edges) {
    ids = List.copyOf(edges.keySet());
    for (String id : ids) {
      positions.put(id, positions.size());
      dependents.add(new ArrayList<>());
      reachable.add(new BitSet());
    }
    for (String id : ids) {
      int[] known =
          edges.getOrDefault(id, List.of()).stream()
              .filter(positions::containsKey)
              .distinct()
              .mapToInt(this::position)
              .toArray();
      for (int dependency : known) {
        dependents.get(dependency).add(id);
      }
      dependencies.add(known);
    }
    new Components().find();
  }

  /** The graph of a pipeline's stages. */
  public static PipelineGraph of(List<StageDefinition> stages) {
    Map<String, List<String>> edges = new LinkedHashMap<>();
    for (StageDefinition stage : stages) {
      edges.putIfAbsent(stage.id(), stage.dependsOn());
    }
    return of(edges);
  }

  /**
   * The graph of stages and what each depends on directly, in the order of the document; names of
   * stages that do not exist are left out.
   */
  static PipelineGraph of(Map<String, List<String>> dependencies) {
    return new PipelineGraph(dependencies);
  }

  /** All stages. */
  public List<String> stageIds() {
    return ids;
  }

  /** The stages that a stage names in {@code depends_on}, in the order it names them. */
  public List<String> dependencies(String stageId) {
    return Arrays.stream(dependencies.get(position(stageId))).mapToObj(ids::get).toList();
  }

  /** The stages that name this one in {@code depends_on}. */
  public List<String> dependents(String stageId) {
    return Collections.unmodifiableList(dependents.get(position(stageId)));
  }

  /** The stages that have to end before this one starts, directly or through others. */
  public List<String> transitiveDependencies(String stageId) {
    return reachable.get(position(stageId)).stream().mapToObj(ids::get).toList();
  }

  /** Whether a stage has to end before another one starts, directly or through others. */
  public boolean dependsOn(String stageId, String dependency) {
    Integer position = positions.get(dependency);
    return position != null && reachable.get(position(stageId)).get(position);
  }

  /** The stages on which no other depends. */
  public List<String> sinks() {
    return ids.stream().filter(id -> dependents.get(position(id)).isEmpty()).toList();
  }

  /**
   * One shortest cycle for each group of stages that depend on each other, beginning with its first
   * stage in the document; a self dependency is a cycle of one. Empty for a valid pipeline.
   */
  public List<List<String>> cycles() {
    return List.copyOf(cycles);
  }

  /**
   * The stages, each after everything it depends on; among those that could come next, the first of
   * the document.
   *
   * @throws IllegalStateException if there is a cycle
   */
  public List<String> topologicalOrder() {
    int[] open = dependencies.stream().mapToInt(known -> known.length).toArray();
    PriorityQueue<Integer> ready = new PriorityQueue<>();
    for (int i = 0; i < open.length; i++) {
      if (open[i] == 0) {
        ready.add(i);
      }
    }
    List<String> order = new ArrayList<>();
    while (!ready.isEmpty()) {
      String id = ids.get(ready.remove());
      order.add(id);
      for (String dependent : dependents(id)) {
        int position = position(dependent);
        open[position]--;
        if (open[position] == 0) {
          ready.add(position);
        }
      }
    }
    if (order.size() < ids.size()) {
      throw new IllegalStateException("the stages depend on each other in a cycle: " + cycles);
    }
    return order;
  }

  /**
   * The inputs of a stage whose dependencies have ended: its own, resolved; else the output of its
   * single dependency; else an object of the outputs by stage id; without dependencies the
   * pipeline's input.
   *
   * @throws TemplateException if its own inputs cannot be resolved
   * @throws IllegalStateException if a dependency has no output and the inputs would be the default
   */
  public static JsonNode inputs(StageDefinition stage, TemplateScope scope)
      throws TemplateException {
    if (stage.inputs() != null) {
      return Template.resolve(stage.inputs(), scope);
    }
    if (stage.dependsOn().isEmpty()) {
      return scope.input();
    }
    if (stage.dependsOn().size() == 1) {
      return outputOf(stage.dependsOn().get(0), scope);
    }
    return outputsOf(stage.dependsOn(), scope);
  }

  /**
   * The output of a pipeline whose stages have ended: that of its output stage, else of its only
   * sink, else an object of the sinks' outputs by stage id.
   *
   * @return null if the output stage or the only sink has no output; of several sinks, those
   *     without output are left out
   */
  public @Nullable JsonNode output(@Nullable String outputStageId, TemplateScope scope) {
    if (outputStageId != null) {
      return scope.output(outputStageId);
    }
    List<String> sinks = sinks();
    if (sinks.size() == 1) {
      return scope.output(sinks.get(0));
    }
    ObjectNode outputs = JsonNodeFactory.instance.objectNode();
    for (String sink : sinks) {
      JsonNode output = scope.output(sink);
      if (output != null) {
        outputs.set(sink, output);
      }
    }
    return outputs;
  }

  private static ObjectNode outputsOf(List<String> stageIds, TemplateScope scope) {
    ObjectNode outputs = JsonNodeFactory.instance.objectNode();
    for (String id : stageIds) {
      outputs.set(id, outputOf(id, scope));
    }
    return outputs;
  }

  private static JsonNode outputOf(String stageId, TemplateScope scope) {
    JsonNode output = scope.output(stageId);
    if (output == null) {
      throw new IllegalStateException("stage '%s' has no output yet".formatted(stageId));
    }
    return output;
  }

  private int position(String stageId) {
    Integer position = positions.get(stageId);
    if (position == null) {
      throw new IllegalArgumentException(
          "'%s' is none of the pipeline's stages %s".formatted(stageId, ids));
    }
    return position;
  }

  /**
   * Tarjan's strongly connected components without recursion. A component is complete after all
   * that it depends on, which is when its reachable stages can be summed up. Used once.
   */
  private final class Components {
    private static final int UNSEEN = -1;

    private final int[] numbers = new int[ids.size()];
    private final int[] lowest = new int[ids.size()];
    private final int[] nextEdge = new int[ids.size()];
    private final boolean[] pending = new boolean[ids.size()];
    private final Deque<Integer> stack = new ArrayDeque<>();
    private int count;

    void find() {
      Arrays.fill(numbers, UNSEEN);
      for (int i = 0; i < ids.size(); i++) {
        if (numbers[i] == UNSEEN) {
          visit(i);
        }
      }
      cycles.sort((a, b) -> Integer.compare(position(a.get(0)), position(b.get(0))));
    }

    private void visit(int root) {
      Deque<Integer> way = new ArrayDeque<>();
      enter(root, way);
      while (!way.isEmpty()) {
        int node = way.element();
        int[] edges = dependencies.get(node);
        if (nextEdge[node] < edges.length) {
          int dependency = edges[nextEdge[node]];
          nextEdge[node]++;
          if (numbers[dependency] == UNSEEN) {
            enter(dependency, way);
          } else if (pending[dependency]) {
            lowest[node] = Math.min(lowest[node], numbers[dependency]);
          }
        } else {
          way.pop();
          if (!way.isEmpty()) {
            lowest[way.element()] = Math.min(lowest[way.element()], lowest[node]);
          }
          if (lowest[node] == numbers[node]) {
            complete(node);
          }
        }
      }
    }

    private void enter(int node, Deque<Integer> way) {
      numbers[node] = count;
      lowest[node] = count;
      count++;
      pending[node] = true;
      stack.push(node);
      way.push(node);
    }

    private void complete(int root) {
      BitSet members = new BitSet();
      int member;
      do {
        member = stack.pop();
        pending[member] = false;
        members.set(member);
      } while (member != root);

      BitSet reached = new BitSet();
      boolean cyclic = members.cardinality() > 1;
      for (int i = members.nextSetBit(0); i >= 0; i = members.nextSetBit(i + 1)) {
        for (int dependency : dependencies.get(i)) {
          reached.set(dependency);
          reached.or(reachable.get(dependency));
          cyclic |= dependency == i;
        }
      }
      for (int i = members.nextSetBit(0); i >= 0; i = members.nextSetBit(i + 1)) {
        reachable.set(i, reached);
      }
      if (cyclic) {
        cycles.add(shortestCycle(members));
      }
    }

    private List<String> shortestCycle(BitSet members) {
      int first = members.nextSetBit(0);
      Map<Integer, Integer> cameFrom = new LinkedHashMap<>();
      Deque<Integer> open = new ArrayDeque<>();
      open.add(first);
      while (!open.isEmpty()) {
        int node = open.remove();
        for (int dependency : dependencies.get(node)) {
          if (dependency == first) {
            LinkedHashSet<String> back = new LinkedHashSet<>();
            for (Integer step = node; step != null; step = cameFrom.get(step)) {
              back.add(ids.get(step));
            }
            List<String> cycle = new ArrayList<>(back);
            Collections.reverse(cycle);
            return List.copyOf(cycle);
          }
          if (members.get(dependency) && !cameFrom.containsKey(dependency)) {
            cameFrom.put(dependency, node);
            open.add(dependency);
          }
        }
      }
      throw new IllegalStateException("no cycle through " + ids.get(first));
    }
  }
}
