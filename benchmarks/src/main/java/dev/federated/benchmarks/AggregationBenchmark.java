package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.aggregation.Aggregated;
import dev.federated.aggregation.AggregationException;
import dev.federated.aggregation.Aggregator;
import dev.federated.aggregation.RegionOutput;
import dev.federated.model.AggregationOptions;
import dev.federated.model.AggregationStrategy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** Aggregation of parsed outputs, beside parsing the same documents. */
@State(Scope.Benchmark)
public class AggregationBenchmark {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final int ROW_BYTES = 100;

  /** Which documents: so many of so many bytes. */
  @Param({"3x1000000", "1000x1000"})
  public String documents = "3x1000000";

  private final List<byte[]> texts = new ArrayList<>();
  private final List<RegionOutput> outputs = new ArrayList<>();

  /** Makes documents with a few fields in common and most of their own. */
  @Setup
  public void makeDocuments() throws IOException {
    String[] shape = documents.split("x", 2);
    int count = Integer.parseInt(shape[0]);
    int rows = Math.max(1, Integer.parseInt(shape[1]) / ROW_BYTES);
    for (int i = 0; i < count; i++) {
      byte[] text = MAPPER.writeValueAsBytes(document(i, rows));
      texts.add(text);
      outputs.add(new RegionOutput("region-" + i, MAPPER.readTree(text)));
    }
  }

  private static ObjectNode document(int number, int rows) {
    ObjectNode document =
        JsonNodeFactory.instance.objectNode().put("score", number).put("vote", number % 2);
    ObjectNode byId = document.putObject("rows");
    for (int row = 0; row < rows; row++) {
      // Every second row is in each document, as data that was replicated is.
      String id = row % 2 == 0 ? "row-" + row : "row-" + number + "-" + row;
      byId.putObject(id)
          .put("customer", "customer-" + row)
          .put("amount", row * 1.25)
          .put("count", row)
          .put("region", "region-" + number)
          .put("paid", true);
    }
    return document;
  }

  private Aggregated aggregate(AggregationStrategy strategy) throws AggregationException {
    return Aggregator.BUILT_IN.aggregate(AggregationOptions.of(strategy), outputs, null);
  }

  /** Reads the documents. */
  @Benchmark
  public List<JsonNode> parse() throws IOException {
    List<JsonNode> parsed = new ArrayList<>(texts.size());
    for (byte[] text : texts) {
      parsed.add(MAPPER.readTree(text));
    }
    return parsed;
  }

  /** Merges. */
  @Benchmark
  public Aggregated merge() throws AggregationException {
    return aggregate(AggregationStrategy.MERGE);
  }

  /** Adds up numbers. */
  @Benchmark
  public Aggregated reduce() throws AggregationException {
    return aggregate(AggregationStrategy.REDUCE);
  }

  /** Takes the first. */
  @Benchmark
  public Aggregated first() throws AggregationException {
    return aggregate(AggregationStrategy.FIRST);
  }

  /** Lists all. */
  @Benchmark
  public Aggregated all() throws AggregationException {
    return aggregate(AggregationStrategy.ALL);
  }

  /** Counts equal outputs. */
  @Benchmark
  public Aggregated majority() throws AggregationException {
    return aggregate(AggregationStrategy.MAJORITY);
  }

  /** Joins arrays. */
  @Benchmark
  public Aggregated concat() throws AggregationException {
    return aggregate(AggregationStrategy.CONCAT);
  }

  /** Takes the one with the highest score. */
  @Benchmark
  public Aggregated best() throws AggregationException {
    return aggregate(AggregationStrategy.BEST);
  }
}
