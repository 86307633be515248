package dev.federated.aggregation;

/** Outputs cannot be aggregated as asked; the message says which field or vote and why. */
public final class AggregationException extends Exception {
  /** With what a person needs to know. */
  public AggregationException(String message) {
    super(message);
  }
}
