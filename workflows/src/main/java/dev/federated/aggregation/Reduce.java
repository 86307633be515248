package dev.federated.aggregation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Reduces numbers, or objects field by field. A field is given up at the first region where it is
 * no number, so the work is linear in the size of the outputs.
 */
final class Reduce {
  private final String name;
  private final Function<List<BigDecimal>, @Nullable BigDecimal> function;
  private final Warnings warnings;

  Reduce(
      String name, Function<List<BigDecimal>, @Nullable BigDecimal> function, Warnings warnings) {
    this.name = name;
    this.function = function;
    this.warnings = warnings;
  }

  JsonNode reduce(List<RegionOutput> outputs) throws AggregationException {
    RegionOutput first = outputs.get(0);
    boolean objects = first.output().isObject();
    if (!objects && Numbers.decimal(first.output()) == null) {
      throw unsuitable(first, "numbers or objects");
    }
    for (RegionOutput output : outputs) {
      boolean suits =
          objects ? output.output().isObject() : Numbers.decimal(output.output()) != null;
      if (!suits) {
        throw unsuitable(
            output, (objects ? "objects" : "numbers") + ", as from region " + first.region());
      }
    }
    if (!objects) {
      return numbers(outputs, null);
    }
    ObjectNode reduced = objects(outputs, null);
    if (reduced.isEmpty()) {
      throw new AggregationException(
          "reduce %s found no field that is a number in every output; %s"
              .formatted(name, String.join("; ", firstOf(warnings.messages()))));
    }
    return reduced;
  }

  private ObjectNode objects(List<RegionOutput> outputs, @Nullable FieldPath path)
      throws AggregationException {
    Set<String> names = new LinkedHashSet<>();
    for (RegionOutput output : outputs) {
      output.output().fieldNames().forEachRemaining(names::add);
    }
    ObjectNode reduced = JsonNodeFactory.instance.objectNode();
    for (String field : names) {
      JsonNode value = field(outputs, field, FieldPath.of(path, field));
      if (value != null) {
        reduced.set(field, value);
      }
    }
    return reduced;
  }

  private @Nullable JsonNode field(List<RegionOutput> outputs, String field, FieldPath path)
      throws AggregationException {
    List<RegionOutput> values = new ArrayList<>();
    boolean objects = false;
    for (RegionOutput output : outputs) {
      JsonNode value = output.output().get(field);
      if (value == null) {
        leaveOut(path, "is missing in region " + output.region());
        return null;
      }
      if (values.isEmpty()) {
        objects = value.isObject();
      }
      if (objects ? !value.isObject() : Numbers.decimal(value) == null) {
        leaveOut(path, "is %s in region %s".formatted(Kinds.of(value), output.region()));
        return null;
      }
      values.add(new RegionOutput(output.region(), value));
    }
    if (!objects) {
      return numbers(values, path);
    }
    ObjectNode reduced = objects(values, path);
    if (reduced.isEmpty()) {
      leaveOut(path, "has no field that is a number in every output");
      return null;
    }
    return reduced;
  }

  private void leaveOut(FieldPath path, String why) {
    warnings.add("reduce left out field '%s': it %s".formatted(path, why));
  }

  private JsonNode numbers(List<RegionOutput> outputs, @Nullable FieldPath path)
      throws AggregationException {
    List<BigDecimal> numbers = new ArrayList<>();
    boolean integral = true;
    for (RegionOutput output : outputs) {
      BigDecimal number = Numbers.decimal(output.output());
      if (number == null) {
        throw unsuitable(output, "numbers");
      }
      numbers.add(number);
      integral &= output.output().isIntegralNumber();
    }
    String where = path == null ? "" : " of field '" + path + "'";
    @Nullable BigDecimal result;
    try {
      result = function.apply(List.copyOf(numbers));
    } catch (RuntimeException e) {
      // A registered function must not be able to block the workflow's task for ever.
      throw failed("failed with " + e, where);
    }
    if (result == null) {
      throw failed("gave no number", where);
    }
    if (!Numbers.printable(result)) {
      throw failed("gave a number beyond the range of JSON numbers (1.8e308)", where);
    }
    return Numbers.node(result, integral || name.equals(BuiltInReduce.COUNT.wireName()));
  }

  private AggregationException failed(String what, String where) {
    return new AggregationException("reduce function %s%s %s".formatted(name, where, what));
  }

  private AggregationException unsuitable(RegionOutput output, String wanted) {
    return new AggregationException(
        "reduce %s needs %s, but the output of region %s is %s"
            .formatted(name, wanted, output.region(), Kinds.of(output.output())));
  }

  private static List<String> firstOf(List<String> messages) {
    return messages.subList(0, Math.min(5, messages.size()));
  }
}
