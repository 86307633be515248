package dev.federated.activities.component;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What the public specification (jmespath.org/specification.html) says of expressions, and where
 * the library differs from it.
 */
final class JmesPathComplianceTest {
  private static final JsonNode DATA =
      Json.of(
          "{'a': {'b': {'c': 7}, 'list': [0, 1, 2, 3, 4, 5]}, 'n': null, 'zero': 0, 'yes': true,"
              + " 'empty': [], 'text': 'héllo', 'x-y': 1, 'nested': [[0, 1], 2, [3, [4]]],"
              + " 'people': [{'name': 'ann', 'age': 30, 'tags': ['x']}, {'name': 'bob', 'age': 20,"
              + " 'tags': ['y', 'z']}, {'name': 'cy', 'age': 25}], 'map': {'k1': {'v': 1}, 'k2':"
              + " {'v': 2}, 'k3': 3}, 'numbers': [3, 1, 2], 'words': ['b', 'c', 'a'], 'floats':"
              + " [1.5, 2.5]}");

  private static JsonNode search(String expression) throws ComponentException {
    return JmesPath.compile("expression", expression).search(DATA);
  }

  private static void assertSame(JsonNode actual, JsonNode expected) {
    assertThat(actual.equals(JmesPathComplianceTest::compareNumbers, expected))
        .as("%s is %s", actual, expected)
        .isTrue();
  }

  /** Numbers are equal by value: 2 and 2.0 are one JSON number. */
  private static int compareNumbers(JsonNode a, JsonNode b) {
    if (a.isNumber() && b.isNumber()) {
      return a.decimalValue().compareTo(b.decimalValue());
    }
    return a.equals(b) ? 0 : 1;
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '~',
      value = {
        // Identifiers and sub-expressions.
        "a.b.c # 7",
        "a.missing.c # null",
        "n.x # null",
        "zero.x # null",
        "\"x-y\" # 1",
        "\"a\".\"b\" # {\"c\":7}",
        "@.zero # 0",
        "a.b.[c] # [7]",
        // Indexes.
        "a.list[0] # 0",
        "a.list[-1] # 5",
        "a.list[6] # null",
        "a.list[-7] # null",
        "text[0] # null",
        // Slices.
        "a.list[1:3] # [1,2]",
        "a.list[:2] # [0,1]",
        "a.list[4:] # [4,5]",
        "a.list[::2] # [0,2,4]",
        "a.list[::-1] # [5,4,3,2,1,0]",
        "a.list[4:1:-2] # [4,2]",
        "a.list[-2:] # [4,5]",
        "a.list[10:20] # []",
        "a.list[:100] # [0,1,2,3,4,5]",
        "a.list[:] # [0,1,2,3,4,5]",
        "people[:2].name # [\"ann\",\"bob\"]",
        // Projections.
        "people[*].name # [\"ann\",\"bob\",\"cy\"]",
        "people[*].tags # [[\"x\"],[\"y\",\"z\"]]",
        "people[*].tags[0] # [\"x\",\"y\"]",
        "people[*].missing # []",
        "missing[*].name # null",
        "map[*].v # null",
        "map.*.v # [1,2]",
        "text.* # null",
        "nested[] # [0,1,2,3,[4]]",
        "nested[][] # [0,1,2,3,4]",
        "people[].tags[] # [\"x\",\"y\",\"z\"]",
        "text[] # null",
        // Pipes stop projections.
        "people[*].name | [0] # \"ann\"",
        "people[*].name | [0] | @ # \"ann\"",
        "a.list[*] | [1:2] # [1]",
        // Filters.
        "people[?age > `20`].name # [\"ann\",\"cy\"]",
        "people[?age >= `20` && age < `30`].name # [\"bob\",\"cy\"]",
        "people[?name == 'bob'] | [0].age # 20",
        "people[?name != 'bob'].name # [\"ann\",\"cy\"]",
        "people[?tags].name # [\"ann\",\"bob\"]",
        "people[?!tags].name # [\"cy\"]",
        "people[?age < `21` || name == 'ann'].name # [\"ann\",\"bob\"]",
        "people[?name > `1`] # []",
        "people[?(age == `20`) || (age == `30`)].age # [30,20]",
        "people[?contains(tags || `[]`, 'y')].name # [\"bob\"]",
        "text[?@] # null",
        "a.list[?@ > `3`] # [4,5]",
        // Boolean expressions give the operand that decides.
        "missing || zero # 0",
        "empty || 'default' # \"default\"",
        "zero && 'kept' # \"kept\"",
        "n && 'kept' # null",
        "!empty # true",
        "!zero # false",
        "yes && !n # true",
        "yes || n && n # true",
        // Comparisons.
        "zero == `0` # true",
        "zero == '0' # false",
        "zero == `0.0` # true",
        "a.b == `{\"c\": 7}` # true",
        "text < 'z' # null",
        "n == missing # true",
        // Literals and raw strings.
        "`1` # 1",
        "`-1.5e2` # -150",
        "`\"x\"` # \"x\"",
        "`[1, {\"a\": null}]` # [1,{\"a\":null}]",
        "`true` # true",
        "'raw' # \"raw\"",
        "'it\\'s' # \"it's\"",
        "'new\\nline' # \"new\\\\nline\"",
        "`\"a\\`b\"` # \"a`b\"",
        "\"\\u0061\".b.c # 7",
        // Multi-select.
        "[zero, a.b.c] # [0,7]",
        "{z: zero, c: a.b.c, m: missing} # {\"z\":0,\"c\":7,\"m\":null}",
        "missing.[a] # null",
        "missing.{a: a} # null",
        "people[*].[name, age] # [[\"ann\",30],[\"bob\",20],[\"cy\",25]]",
        "people[*].{n: name} | [1] # {\"n\":\"bob\"}",
        // Functions.
        "abs(`-3`) # 3",
        "avg(numbers) # 2",
        "avg(empty) # null",
        "ceil(`1.2`) # 2",
        "floor(`1.8`) # 1",
        "contains(text, 'llo') # true",
        "contains(numbers, `2`) # true",
        "contains(numbers, '2') # false",
        "ends_with(text, 'lo') # true",
        "starts_with(text, 'h') # true",
        "join(', ', words) # \"b, c, a\"",
        "keys(a.b) # [\"c\"]",
        "values(a.b) # [7]",
        "length(text) # 5",
        "length(numbers) # 3",
        "length(map) # 3",
        "map(&age, people) # [30,20,25]",
        "map(&missing, people) # [null,null,null]",
        "max(numbers) # 3",
        "max(words) # \"c\"",
        "max(empty) # null",
        "min(numbers) # 1",
        "min(words) # \"a\"",
        "max_by(people, &age).name # \"ann\"",
        "min_by(people, &age).name # \"bob\"",
        "merge(a.b, `{\"d\": 1}`) # {\"c\":7,\"d\":1}",
        "not_null(n, missing, zero) # 0",
        "not_null(n) # null",
        "reverse(numbers) # [2,1,3]",
        "reverse('abc') # \"cba\"",
        "sort(numbers) # [1,2,3]",
        "sort(words) # [\"a\",\"b\",\"c\"]",
        "sort_by(people, &age)[].name # [\"bob\",\"cy\",\"ann\"]",
        "sort_by(people, &name)[0].name # \"ann\"",
        "sum(numbers) # 6",
        "sum(floats) # 4",
        "sum(empty) # 0",
        "to_array(zero) # [0]",
        "to_array(numbers) # [3,1,2]",
        "to_number('12.5') # 12.5",
        "to_number('x') # null",
        "to_number(yes) # null",
        "to_string(zero) # \"0\"",
        "to_string('s') # \"s\"",
        "to_string(numbers) # \"[3,1,2]\"",
        "type(n) # \"null\"",
        "type(zero) # \"number\"",
        "type(text) # \"string\"",
        "type(yes) # \"boolean\"",
        "type(map) # \"object\"",
        "type(empty) # \"array\"",
        "a.list.length(@) # 6",
      })
  void theLibraryGivesWhatTheSpecificationSays(String expression, String expected)
      throws ComponentException {
    assertSame(search(expression), Json.strict(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a.",
        ".a",
        "a b",
        "a[",
        "a]",
        "a[b]",
        "a[1:2:3:4]",
        "a[::0]",
        "'open",
        "\"open",
        "`open",
        "`{`",
        "{a}",
        "{a: }",
        "[a, ]",
        "people[?]",
        "people[?a ==]",
        "nope(@)",
        "abs()",
        "abs(zero, zero)",
        "abs(text)",
        "avg(words)",
        "ceil(text)",
        "join(', ', numbers)",
        "keys(numbers)",
        "length(zero)",
        "max(nested)",
        "sort(nested)",
        "sort_by(people, &tags)",
        "sum(words)",
        "values(text)",
        "reverse(zero)",
        "starts_with(text, zero)",
        "a = b",
        "a & b",
        "#",
      })
  void whatTheSpecificationCallsAnErrorIsOne(String expression) {
    assertThatThrownBy(() -> search(expression)).isInstanceOf(ComponentException.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      quoteCharacter = '~',
      value = {
        // expression # what the specification says # what io.burt:jmespath 0.6.0 gives
        "length('\uD83D\uDE00') # 1 # 2",
        "text[1:2] # null # []",
      })
  void theLibraryDiffersFromTheSpecificationHere(String expression, String specified, String actual)
      throws ComponentException {
    assertSame(search(expression), Json.strict(actual));
    assertThat(Json.strict(specified)).isNotEqualTo(Json.strict(actual));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '#',
      value = {
        "null # false",
        "false # false",
        "\"\" # false",
        "[] # false",
        "{} # false",
        "0 # true",
        "true # true",
        "\" \" # true",
        "[0] # true",
        "{\"a\":null} # true",
      })
  void truthinessIsTheSpecifications(String json, boolean truthy) {
    assertThat(JmesPath.truthy(Json.strict(json))).isEqualTo(truthy);
  }
}
