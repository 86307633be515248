package dev.federated.benchmarks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.federated.pipeline.ParsedPipeline;
import dev.federated.pipeline.PipelineParser;
import dev.federated.pipeline.Template;
import dev.federated.pipeline.TemplateException;
import dev.federated.pipeline.TemplateScope;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** Templates that are filled in, and pipelines that are checked. */
@State(Scope.Benchmark)
public class DocumentBenchmark {
  private static final int REFERENCES = 100;

  private final JsonNode template = template();
  private final JsonNode pipeline = pipeline();
  private final TemplateScope scope =
      new TemplateScope() {
        private final JsonNode value =
            JsonNodeFactory.instance
                .objectNode()
                .put("name", "Ada")
                .set("rows", JsonNodeFactory.instance.arrayNode().add(1).add(2));

        @Override
        public JsonNode input() {
          return value;
        }

        @Override
        public @Nullable JsonNode output(String stageId) {
          return value;
        }

        @Override
        public @Nullable JsonNode result(String stageId) {
          return null;
        }
      };

  private static JsonNode template() {
    ObjectNode template = JsonNodeFactory.instance.objectNode();
    for (int i = 0; i < REFERENCES; i += 2) {
      template.put("value" + i, "{{upstream.collect.rows[1]}}");
      template.put("text" + i, "for {{input.name}}, number " + i);
    }
    return template;
  }

  /** A pipeline in layers of ten: each stage reads the output of one of the layer before. */
  private static JsonNode pipeline() {
    ObjectNode pipeline = JsonNodeFactory.instance.objectNode().put("id", "large");
    ArrayNode stages = pipeline.putArray("stages");
    for (int i = 0; i < PipelineParser.MOST_STAGES; i++) {
      ObjectNode stage = stages.addObject().put("id", "stage-" + i).put("type", "transformer");
      if (i >= 10) {
        stage.putArray("depends_on").add("stage-" + (i - 10));
        stage.putObject("inputs").put("before", "{{upstream.stage-%d.n}}".formatted(i - 10));
      }
      if (i % 2 == 0) {
        ObjectNode federation = stage.putObject("federation").put("strategy", "parallel");
        federation.putArray("regions").add("us-east-1").add("eu-west-1").add("ap-south-1");
      }
    }
    return pipeline;
  }

  /** Fills in a hundred references. */
  @Benchmark
  public JsonNode resolveHundredReferences() throws TemplateException {
    return Template.resolve(template, scope);
  }

  /** Checks a thousand stages. */
  @Benchmark
  public ParsedPipeline validateThousandStages() {
    return PipelineParser.parse(pipeline, "large.json", null);
  }
}
