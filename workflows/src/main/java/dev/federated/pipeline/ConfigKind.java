package dev.federated.pipeline;

/** What a key of a built-in component's configuration takes. */
public enum ConfigKind {
  /** Any JSON, null included. */
  ANY("any JSON"),
  /** An array. */
  ARRAY("a list"),
  /** True or false. */
  BOOLEAN("true or false"),
  /** One of the key's choices. */
  CHOICE("one of its choices"),
  /** One of the key's choices, in upper or lower case. */
  CHOICE_IN_ANY_CASE("one of its choices"),
  /** An object of texts or secrets. */
  HEADERS("an object of texts or {\"secret\": \"name\"}"),
  /** An {@code http} or {@code https} URL. */
  HTTP_URL("an http or https URL"),
  /** A JDBC URL or a secret. */
  JDBC_URL("a JDBC URL such as jdbc:postgresql://host/database, or {\"secret\": \"name\"}"),
  /** A list of texts that are not empty, without repetition. */
  NAMES("a list of texts that are not empty"),
  /** An object. */
  OBJECT("an object"),
  /** An object or a list of objects. */
  ROWS("an object or a list of objects"),
  /** A number between 0.1 and 3600. */
  SECONDS("a number between 0.1 and 3600"),
  /** A secret; the value itself is refused. */
  SECRET("{\"secret\": \"name\"}; the value itself must not stand in a pipeline"),
  /** A list of HTTP status codes, 100 to 599. */
  STATUS_CODES("a list of whole numbers between 100 and 599"),
  /** A table, with or without its schema. */
  TABLE("a table such as results or reports.results, of letters, digits and _"),
  /** A text that may be empty. */
  TEXT("a text"),
  /** A text that is not empty. */
  TEXT_NOT_EMPTY("a text that is not empty"),
  /** A text that is not empty, or a secret. */
  TEXT_OR_SECRET("a text that is not empty, or {\"secret\": \"name\"}");

  private final String description;

  ConfigKind(String description) {
    this.description = description;
  }

  /** What it takes, as messages say it after "has to be". */
  public String description() {
    return description;
  }
}
