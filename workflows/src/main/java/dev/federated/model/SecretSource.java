package dev.federated.model;

/**
 * Where a secret comes from. Its text form never shows a literal value.
 *
 * @param kind environment variable, file or the value itself
 * @param reference name of the variable, path of the file, or the value
 */
public record SecretSource(Kind kind, String reference) {
  /** The ways in which a federation file names a secret. */
  public enum Kind {
    /** {@code ${NAME}}. */
    ENVIRONMENT,
    /** {@code file:/path}. */
    FILE,
    /** The value stands in the file. */
    LITERAL
  }

  /** Reads {@code ${NAME}}, {@code file:/path} or a literal value, as it stands in a file. */
  public static SecretSource parse(String text) {
    if (text.startsWith("${") && text.endsWith("}")) {
      return new SecretSource(Kind.ENVIRONMENT, text.substring(2, text.length() - 1));
    }
    if (text.startsWith("file:")) {
      return new SecretSource(Kind.FILE, text.substring("file:".length()));
    }
    return new SecretSource(Kind.LITERAL, text);
  }

  @Override
  public String toString() {
    return switch (kind) {
      case ENVIRONMENT -> "${" + reference + "}";
      case FILE -> "file:" + reference;
      case LITERAL -> "(literal)";
    };
  }
}
