package dev.federated.parsing;

import java.util.List;
import java.util.stream.Collectors;

/** A document or command is wrong; nothing was started. Carries all problems at once. */
public final class InvalidDocumentException extends RuntimeException {
  private final transient List<Problem> problems;

  /** With at least one problem. */
  public InvalidDocumentException(List<Problem> problems) {
    super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
    this.problems = List.copyOf(problems);
  }

  /** Everything that is wrong, in the order of the document. */
  public List<Problem> problems() {
    return problems;
  }
}
