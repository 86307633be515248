package dev.federated.starter.schema;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.federated.parsing.FederationConfigParser;
import dev.federated.parsing.InvalidDocumentException;
import dev.federated.parsing.Problem;
import dev.federated.pipeline.ComponentCatalog;
import dev.federated.pipeline.PipelineParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The published schemas: what they say at each place, and what they and the parsers accept. */
final class SchemaFiles {
  private static final Path DIRECTORY =
      Path.of("..", "docs", "schema").toAbsolutePath().normalize();
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final String BASE = "https://schema.invalid/";
  private static final List<Kind> KINDS = List.of(Kind.values());

  /** A kind of document, with its schema and its parser. */
  enum Kind {
    FEDERATION,
    PIPELINE,
    STAGE;

    /** The name of its schema. */
    String file() {
      return name().toLowerCase(Locale.ROOT) + ".schema.json";
    }
  }

  /**
   * An object of a document, with its keys.
   *
   * @param path as problems name it
   * @param schema the part of the schema that describes it
   * @param around makes the whole document of that object
   */
  record Place(Kind kind, String path, JsonNode schema, UnaryOperator<JsonNode> around) {
    /** The document whose object has that key beside those that are required. */
    JsonNode with(String key, JsonNode value) {
      return around.apply(SchemaFiles.least(kind, schema, key).set(key, value));
    }

    JsonNode least() {
      return around.apply(SchemaFiles.least(kind, schema, ""));
    }

    String pathOf(String key) {
      return path.isEmpty() ? key : path + "." + key;
    }

    @Override
    public String toString() {
      return kind + " " + (path.isEmpty() ? "(root)" : path);
    }
  }

  private static final Map<Kind, JsonNode> DOCUMENTS =
      KINDS.stream().collect(Collectors.toMap(kind -> kind, kind -> read(kind.file())));

  private static final SchemaRegistry REGISTRY =
      SchemaRegistry.withDefaultDialect(
          SpecificationVersion.DRAFT_2020_12,
          builder ->
              builder.schemas(
                  KINDS.stream()
                      .collect(
                          Collectors.toMap(
                              kind -> BASE + kind.file(),
                              kind -> DOCUMENTS.get(kind).toString()))));

  private SchemaFiles() {}

  private static JsonNode read(String file) {
    try {
      return MAPPER.readTree(Files.readString(DIRECTORY.resolve(file), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What the schema says about a document, empty if it fits. */
  static List<String> violations(Kind kind, JsonNode document) {
    Schema schema = REGISTRY.getSchema(SchemaLocation.of(BASE + kind.file()));
    return schema.validate(document).stream().map(Error::toString).toList();
  }

  /** What the parser says about a document, empty if it fits; no names of regions are checked. */
  static List<Problem> problems(Kind kind, JsonNode document) {
    try {
      var unused = parsed(kind, document);
      return List.of();
    } catch (InvalidDocumentException e) {
      return e.problems();
    }
  }

  static Object parsed(Kind kind, JsonNode document) {
    return switch (kind) {
      case FEDERATION -> FederationConfigParser.parse(document, "federation", "digest");
      case PIPELINE -> PipelineParser.parse(document, "pipeline", null);
      case STAGE -> PipelineParser.parseStage(document, "stage", null);
    };
  }

  /** Every object whose keys a schema knows, at every place where it can stand. */
  static List<Place> places() {
    List<Place> places = new ArrayList<>();
    walk(Kind.FEDERATION, DOCUMENTS.get(Kind.FEDERATION), "", UnaryOperator.identity(), places);
    walk(Kind.PIPELINE, DOCUMENTS.get(Kind.PIPELINE), "", UnaryOperator.identity(), places);
    for (String type : ComponentCatalog.names()) {
      places.add(config(type));
    }
    return places;
  }

  /** The configuration of a built-in component in a stage that runs locally. */
  private static Place config(String type) {
    JsonNode schema = DOCUMENTS.get(Kind.PIPELINE).at("/$defs/config_" + type);
    return new Place(
        Kind.PIPELINE,
        "stages[0].config",
        schema,
        config -> {
          ObjectNode pipeline = object().put("id", "pipeline");
          ObjectNode stage = pipeline.putArray("stages").addObject();
          stage.put("id", "first").put("type", type).set("config", config);
          return pipeline;
        });
  }

  private static void walk(
      Kind kind, JsonNode schema, String path, UnaryOperator<JsonNode> around, List<Place> places) {
    JsonNode here = resolved(kind, schema);
    if (here.has("properties")) {
      Place place = new Place(kind, path, here, around);
      places.add(place);
      for (Map.Entry<String, JsonNode> key : here.get("properties").properties()) {
        walk(
            kind,
            key.getValue(),
            place.pathOf(key.getKey()),
            value -> place.with(key.getKey(), value),
            places);
      }
    }
    if (here.path("additionalProperties").isObject()) {
      String name = here.path("examples").path(0).fieldNames().next();
      UnaryOperator<JsonNode> named = value -> around.apply(object().set(name, value));
      walk(kind, here.get("additionalProperties"), path + "." + name, named, places);
    }
    if (here.has("items")) {
      UnaryOperator<JsonNode> listed =
          value -> around.apply(JsonNodeFactory.instance.arrayNode().add(value));
      walk(kind, here.get("items"), path + "[0]", listed, places);
    }
    here.path("anyOf").forEach(choice -> walk(kind, choice, path, around, places));
  }

  /** The schema with what its reference says; its own keywords win. */
  static JsonNode resolved(Kind kind, JsonNode schema) {
    String reference = schema.path("$ref").asText();
    if (reference.isEmpty()) {
      return schema;
    }
    ObjectNode whole = DOCUMENTS.get(kind).at(reference.substring(1)).deepCopy();
    whole.setAll((ObjectNode) schema.deepCopy());
    whole.remove("$ref");
    return whole;
  }

  /** An object with the keys that have to be there, so that the given one may be there too. */
  private static ObjectNode least(Kind kind, JsonNode schema, String key) {
    ObjectNode object = object();
    JsonNode choice = schema.path("oneOf").path(0);
    for (JsonNode other : schema.path("oneOf")) {
      if (other.path("required").toString().contains('"' + key + '"')) {
        choice = other;
      }
    }
    Stream.of(schema.path("required"), choice.path("required"))
        .forEach(
            required ->
                required.forEach(
                    name ->
                        object.set(
                            name.asText(),
                            sample(kind, schema.path("properties").path(name.asText())))));
    for (JsonNode name : schema.path("dependentRequired").path(key)) {
      JsonNode example = schema.at("/properties/" + name.asText() + "/examples/0");
      if (!example.isMissingNode()) {
        object.set(name.asText(), example.deepCopy());
      }
    }
    return object;
  }

  /** A value that fits. */
  private static JsonNode sample(Kind kind, JsonNode schema) {
    JsonNode here = resolved(kind, schema);
    if (here.has("examples")) {
      return here.get("examples").get(0).deepCopy();
    }
    return JsonNodeFactory.instance.textNode("x");
  }

  private static ObjectNode object() {
    return JsonNodeFactory.instance.objectNode();
  }
}
